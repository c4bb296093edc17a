#!/usr/bin/python3
"""What a kubelet asks of a container runtime, over the CRI (runtime.v1): one call, its answer as JSON on stdout.

    cri.py SOCKET METHOD [JSON]

The messages are described here as far as the tests need them, with the field numbers of the published API.
"""
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format
try:
    from google.protobuf.message_factory import GetMessageClass
except ImportError:  # before protobuf 4.22
    from google.protobuf.message_factory import MessageFactory
    GetMessageClass = MessageFactory().GetPrototype

# MESSAGE: FIELD NUMBER TYPE; `*` before a type says that it is repeated, `%` that it is a map of strings.
MESSAGES = """
VersionRequest: version 1 string
VersionResponse: runtime_name 2 string, runtime_version 3 string, runtime_api_version 4 string
Int64Value: value 1 int64
NamespaceOption: network 1 int32, pid 2 int32, ipc 3 int32, target_id 4 string
SecurityProfile: profile_type 1 int32, localhost_ref 2 string
Capability: add_capabilities 1 *string, drop_capabilities 2 *string
LinuxSandboxSecurityContext: namespace_options 1 NamespaceOption, privileged 6 bool, seccomp 9 SecurityProfile
LinuxPodSandboxConfig: cgroup_parent 1 string, security_context 2 LinuxSandboxSecurityContext, sysctls 3 %
PodSandboxMetadata: name 1 string, uid 2 string, namespace 3 string, attempt 4 uint32
PodSandboxConfig: metadata 1 PodSandboxMetadata, hostname 2 string, log_directory 3 string, linux 8 LinuxPodSandboxConfig
RunPodSandboxRequest: config 1 PodSandboxConfig, runtime_handler 2 string
RunPodSandboxResponse: pod_sandbox_id 1 string
StopPodSandboxRequest: pod_sandbox_id 1 string
StopPodSandboxResponse:
RemovePodSandboxRequest: pod_sandbox_id 1 string
RemovePodSandboxResponse:
PodSandboxStatusRequest: pod_sandbox_id 1 string, verbose 2 bool
PodSandboxNetworkStatus: ip 1 string
PodSandboxStatus: id 1 string, state 3 int32, network 5 PodSandboxNetworkStatus, runtime_handler 9 string
PodSandboxStatusResponse: status 1 PodSandboxStatus
ImageSpec: image 1 string
KeyValue: key 1 string, value 2 string
Mount: container_path 1 string, host_path 2 string, readonly 3 bool
LinuxContainerResources: cpu_period 1 int64, cpu_quota 2 int64, cpu_shares 3 int64, memory_limit_in_bytes 4 int64, oom_score_adj 5 int64, cpuset_cpus 6 string
LinuxContainerSecurityContext: capabilities 1 Capability, privileged 2 bool, namespace_options 3 NamespaceOption, run_as_user 5 Int64Value, run_as_group 12 Int64Value, readonly_rootfs 7 bool, supplemental_groups 8 *int64, no_new_privs 11 bool, masked_paths 13 *string, readonly_paths 14 *string, seccomp 15 SecurityProfile
LinuxContainerConfig: resources 1 LinuxContainerResources, security_context 2 LinuxContainerSecurityContext
ContainerMetadata: name 1 string, attempt 2 uint32
ContainerConfig: metadata 1 ContainerMetadata, image 2 ImageSpec, command 3 *string, args 4 *string, working_dir 5 string, envs 6 *KeyValue, mounts 7 *Mount, log_path 11 string, tty 14 bool, linux 15 LinuxContainerConfig
CreateContainerRequest: pod_sandbox_id 1 string, config 2 ContainerConfig, sandbox_config 3 PodSandboxConfig
CreateContainerResponse: container_id 1 string
StartContainerRequest: container_id 1 string
StartContainerResponse:
StopContainerRequest: container_id 1 string, timeout 2 int64
StopContainerResponse:
RemoveContainerRequest: container_id 1 string
RemoveContainerResponse:
ContainerStatusRequest: container_id 1 string
ContainerStatus: id 1 string, state 3 int32, exit_code 7 int32, reason 10 string, message 11 string
ContainerStatusResponse: status 1 ContainerStatus
UpdateContainerResourcesRequest: container_id 1 string, linux 2 LinuxContainerResources
UpdateContainerResourcesResponse:
ExecSyncRequest: container_id 1 string, cmd 2 *string, timeout 3 int64
ExecSyncResponse: stdout 1 bytes, stderr 2 bytes, exit_code 3 int32
UInt64Value: value 1 uint64
MemoryUsage: working_set_bytes 2 UInt64Value
CpuUsage: usage_core_nano_seconds 2 UInt64Value
ContainerStats: cpu 2 CpuUsage, memory 3 MemoryUsage
ContainerStatsRequest: container_id 1 string
ContainerStatsResponse: stats 1 ContainerStats
"""
PACKAGE = "runtime.v1"


def add_field(message, name, number, word):
    field = message.field.add(name=name, number=int(number), label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL)
    if word[0] in "*%":
        field.label = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
    if word == "%":
        entry = message.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
        entry.options.map_entry = True
        add_field(entry, "key", 1, "string")
        add_field(entry, "value", 2, "string")
        field.type, field.type_name = field.TYPE_MESSAGE, f".{PACKAGE}.{message.name}.{entry.name}"
        return
    kind = getattr(descriptor_pb2.FieldDescriptorProto, "TYPE_" + word.lstrip("*").upper(), None)
    field.type = kind or field.TYPE_MESSAGE
    if not kind:
        field.type_name = f".{PACKAGE}.{word.lstrip('*')}"


def message_types():
    file = descriptor_pb2.FileDescriptorProto(name="cri.proto", package=PACKAGE, syntax="proto3")
    for line in MESSAGES.strip().splitlines():
        name, fields = line.split(":")
        message = file.message_type.add(name=name)
        for field in filter(None, fields.split(",")):
            add_field(message, *field.split())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return lambda name: GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))


def main(socket, method, request="{}"):
    type_of = message_types()
    call = grpc.insecure_channel("unix:" + socket).unary_unary(
        f"/{PACKAGE}.RuntimeService/{method}", type_of(method + "Request").SerializeToString,
        type_of(method + "Response").FromString)
    try:
        answer = call(json_format.ParseDict(json.loads(request), type_of(method + "Request")()), timeout=30)
    except grpc.RpcError as error:
        sys.exit(f"{method}: {error.code().name}: {error.details()}")
    print(json_format.MessageToJson(answer, including_default_value_fields=True, preserving_proto_field_name=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
