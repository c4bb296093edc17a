"""The command lines that compare.py gives to both engines, a line each; `e` is the engine.

`## words` at a line's end: it differs on purpose, and "words" is the first cell of its row in docs/docker-differences.md.
"""
import dataclasses

IMAGES = {
    "small:1": '{"Cmd": ["sleep", "1000"], "Env": ["PATH=/bin", "FROM=image"], "Labels": {"kind": "small"}}',
    "entry:1": '{"Entrypoint": ["/bin/echo", "entry"], "Cmd": ["cmd"], "Env": ["PATH=/bin"]}',
    "user:1": '{"Cmd": ["id", "-u"], "Env": ["PATH=/bin"], "User": "guest", "WorkingDir": "/made/here"}',
    "quick:1": '{"Cmd": ["sleep", "1000"], "Env": ["PATH=/bin"], "StopSignal": "SIGKILL"}',
}

CLEAN = 'ids=$(e ps -aq); [ -z "$ids" ] || e rm -fv $ids; volumes=$(e volume ls -q); [ -z "$volumes" ] || e volume rm $volumes; '\
        'networks=$(e network ls -q --filter type=custom); [ -z "$networks" ] || e network rm $networks'


@dataclasses.dataclass
class Case:
    name: str
    lines: list  # of (line, mark)


CASES = []


def case(name, text):
    lines = []
    for line in text.strip().splitlines():
        line, _, mark = line.partition("##")
        lines.append((line.strip(), mark.strip()))
    CASES.append(Case(name, lines))


case("run: statuses", """
e run --rm small:1 true
e run --rm small:1 sh -c 'exit 42'
e run --rm small:1 no-such-command
e run --rm small:1 /no/such/command
e run --rm small:1 /etc/passwd
e run --rm small:1 /etc
e run --rm small:1 sh -c 'kill -9 $$'
e run --rm small:1 sh -c 'kill -15 $$'
e run --rm no/such:image true
e run --rm 'Not an image' true
e run --no-such-flag small:1 true
""")
case("run: entrypoint and command", """
e run --rm entry:1
e run --rm entry:1 other words
e run --rm --entrypoint '' entry:1 echo bare
e run --rm --entrypoint /bin/echo small:1 other
e run --rm --entrypoint /bin/echo entry:1
e run --rm --entrypoint no-such small:1
""")
case("run: environment", """
e run --rm small:1 sh -c 'echo $FROM $PATH'
e run --rm -e A=1 -e FROM=flag small:1 sh -c 'echo $A $FROM'
A=outer e run --rm -e A small:1 sh -c 'echo $A'
e run --rm -e A small:1 sh -c 'echo ${A-unset}'
printf '# a comment\\nB=2\\nC=with space\\n' >env; e run --rm --env-file env small:1 sh -c 'echo "$B $C"'
e run --rm --env-file no-such-file small:1 true
e run --rm -e =bad small:1 true
e run --rm small:1 sh -c 'echo $HOME'
e run --rm -u guest small:1 sh -c 'echo $HOME'
e run --rm -h planet small:1 sh -c 'echo $HOSTNAME'
""")
case("run: who and where", """
e run --rm user:1
e run --rm user:1 pwd
e run --rm -w /data small:1 pwd
e run --rm -w /new/dir small:1 pwd
e run --rm -w relative small:1 pwd
e run --rm -u 7:8 small:1 sh -c 'id -u; id -g'
e run --rm -u guest small:1 sh -c 'id -u; id -g'
e run --rm -u nobody-here small:1 true
e run --rm -u root user:1
e run --rm --group-add 44 small:1 id -G
e run --rm -h planet small:1 hostname
e run --rm small:1 cat /proc/1/comm
""")
case("run: standard input", """
echo in | e run --rm -i small:1 cat
echo in | e run --rm small:1 cat
e run --rm -i small:1 cat
e run --rm -it small:1 true
e run --rm small:1 sh -c 'echo out; echo err >&2'
e run --rm small:1 sh -c 'echo out; echo err >&2' 2>&1 >/dev/null
e run --rm -t small:1 echo terminal
""")
case("run: names", """
e run -d --name one small:1
e run -d --name one small:1
e run -d --name 'bad name' small:1
e run -d --name -x small:1
e run -d --name x small:1
e run -d --name 1.two_three-four small:1
e ps --format '{{.Names}}' | sort
e run --rm --name one small:1 true
""")
case("run: labels", """
e run -d --name one --label a=b --label c small:1
e inspect -f '{{index .Config.Labels "a"}} {{index .Config.Labels "c"}} {{index .Config.Labels "kind"}}' one
printf 'x=1\\ny=2\\n' >labels; e run -d --name two --label-file labels small:1
e ps -q --filter label=a=b | wc -l
e ps -q --filter label=kind=small | wc -l
""")
case("run: cidfile", """
e run -d --cidfile id small:1 >out; cmp id <(tr -d '\\n' <out) && echo same
e run -d --cidfile id small:1
""")
case("run: limits", """
e run --rm -m 64m small:1 true
e run --rm -m 1 small:1 true
e run --rm -m 64x small:1 true
e run --rm --cpus 0.5 small:1 true
e run --rm --cpus many small:1 true
e run --rm --pids-limit 50 small:1 true
e run --rm --ulimit nofile=100:200 small:1 sh -c 'ulimit -n; ulimit -Hn'
e run --rm --ulimit nofile=300:200 small:1 true
e run --rm --ulimit nonsense=1 small:1 true
e run --rm --shm-size 1m small:1 sh -c 'df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2'
e run --rm --oom-score-adj 500 small:1 cat /proc/self/oom_score_adj
e run --rm --oom-score-adj 5000 small:1 true
""")
case("run: rights", """
e run --rm small:1 grep CapEff /proc/self/status ## `run`, capabilities by default
e run --rm --cap-drop ALL small:1 grep CapEff /proc/self/status
e run --rm --cap-drop ALL --cap-add CHOWN small:1 grep CapEff /proc/self/status
e run --rm --cap-add NO_SUCH small:1 true
e run --rm --security-opt no-new-privileges small:1 grep NoNewPrivs /proc/self/status
e run --rm --security-opt nonsense small:1 true
e run --rm small:1 sh -c 'grep Seccomp: /proc/self/status'
e run --rm --security-opt seccomp=unconfined small:1 sh -c 'grep Seccomp: /proc/self/status'
e run --rm --read-only small:1 touch /file
e run --rm --read-only --tmpfs /tmp small:1 touch /tmp/file
e run --rm --sysctl net.ipv4.ip_unprivileged_port_start=80 small:1 cat /proc/sys/net/ipv4/ip_unprivileged_port_start
e run --rm --sysctl kernel.no_such=1 small:1 true
e run --rm --sysctl vm.swappiness=1 small:1 true
""")
case("run: bind mounts", """
mkdir d; echo host >d/file; e run --rm -v $PWD/d:/mnt small:1 cat /mnt/file
e run --rm -v $PWD/d:/mnt:ro small:1 touch /mnt/new
e run --rm -v $PWD/d:/mnt small:1 touch /mnt/new; ls d; stat -c %u d/new
e run --rm -v $PWD/d/file:/etc/note small:1 cat /etc/note
e run --rm -v $PWD/d:relative small:1 true
e run --rm -v $PWD/d:/mnt:nonsense small:1 true
e run --rm -v $PWD/d:/ small:1 true
e run --rm --tmpfs /t:size=1m,mode=700 small:1 sh -c 'stat -c %a /t; df -k /t | tail -1 | tr -s " " | cut -d" " -f2'
""")
case("run: detached", """
e run -d small:1 sh -c 'exit 3' >id; e wait $(cat id)
e run -d small:1 no-such-command ## `run`, failing to start
e ps -aq --no-trunc | wc -l ## `run`, failing to start
e run -d --rm small:1 true >/dev/null; sleep 1; e ps -aq | wc -l ## `run`, failing to start
""")
case("run: init", """
e run --rm --init small:1 sh -c 'exit 7'
e run -d --name one --init small:1; e stop -t 9 one; e inspect -f '{{.State.ExitCode}}' one
for i in 1 2 3 4 5; do e run -d --name each --init small:1 >/dev/null; e kill -s TERM each; e wait each; e rm each; done
""")
case("ps", """
e run -d --name up small:1 >/dev/null
e run --name down small:1 sh -c 'exit 3'
e ps --format '{{.Names}}'
e ps -a --format '{{.Names}} {{.State}} {{.Image}}'
e ps -a --format '{{.Status}}'
e ps -a --format '{{.Command}}'
e ps -a --format 'table {{.Names}}\\t{{.Image}}'
e ps -a --no-trunc --format '{{.Command}} {{.ID}}'
e ps -aq --filter status=exited | wc -l
e ps -aq --filter status=running | wc -l
e ps -aq --filter status=nonsense
e ps -aq --filter exited=3 | wc -l
e ps -aq --filter name=o | wc -l
e ps -aq --filter name=^up$ | wc -l
e ps -aq --filter name='^(up|x)$' | wc -l
e ps -aq --filter name='[' | wc -l
e ps -aq --filter ancestor=small:1 | wc -l
e ps -aq --filter nonsense=1
e ps -lq | wc -l
e ps -aqn 1 | wc -l
e ps | head -1
e ps -a | wc -l
e ps --format '{{.NoSuch}}'
e ps --format '{{'
e ps extra words
""")
case("stop, kill, wait", """
e run -d --name one quick:1
e stop one
e inspect -f '{{.State.Status}} {{.State.ExitCode}}' one
e stop one
e kill one
e stop no-such
e kill no-such
e wait no-such
e wait one
e run -d --name two small:1
e kill -s KILL two
e wait two
e run -d --name three small:1 sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done'
until e logs three | grep -q ready; do sleep 0.1; done; e stop -t 9 three; e wait three
e run -d --name four small:1; e kill -s NOSUCH four
e kill -s 0 four
e stop -t nonsense four
e stop -t 0 four; e inspect -f '{{.State.ExitCode}}' four
e stop
e kill
""")
case("rm", """
e run -d --name one small:1
e rm one
e rm -f one
e rm one
e rm -f one
e run --name two small:1 true; e rm two
e run --name three small:1 true; e run --name four small:1 true; e rm three no-such four
e ps -aq | wc -l
e rm
""")
case("logs", """
e run --name one small:1 sh -c 'echo out; echo err >&2; printf part'
e logs one
e logs one 2>&1 >/dev/null
e logs --tail 1 one
e logs -n 0 one
e logs --tail all one
e logs --tail nonsense one ## `logs --tail` of no number
e logs -t one | wc -w
e logs -f one
e logs no-such
e logs
e logs --since 1h one
e logs --until 1h one
e run -d --name two small:1 sh -c 'echo first; sleep 1; echo second'; e logs -f two
e run -d --name three --log-driver none small:1 echo text; e logs three
e run -d --name four --log-driver nonsense small:1 true
""")
case("exec", """
e run -d --name one -e A=run -w /data small:1
e exec one sh -c 'echo $A $FROM; pwd'
e exec -e A=exec one sh -c 'echo $A'
e exec -e A=exec one env | sort
e exec -t one env | sort
e exec -w /tmp one pwd
e exec -w /no/such one pwd ## `exec` of what cannot be started
e exec -u guest one id -u
e exec -u 7:8 one sh -c 'id -u; id -g'
e exec -u nobody-here one true ## `exec` of what cannot be started
e exec one sh -c 'exit 9'
e exec one no-such-command ## `exec` of what cannot be started
e exec one /etc/passwd ## `exec` of what cannot be started
e exec one sh -c 'kill -9 $$'
echo in | e exec -i one cat
echo in | e exec one cat
e exec -d one touch /tmp/made; sleep 0.5; e exec one ls /tmp/made
e exec -t one echo terminal
e exec no-such true
e exec one
e stop -t 0 one; e exec one true
""")
case("create and start", """
e create --name one small:1 sh -c 'echo ran; exit 4'
e ps -a --format '{{.Names}} {{.State}} {{.Status}}'
e start -a one
e inspect -f '{{.State.Status}} {{.State.ExitCode}}' one
e start one
e wait one
e logs one
e start no-such
e create --name two small:1 no-such-command
e start two
e inspect -f '{{.State.Status}}' two
e create --name three -i small:1 cat; echo in | e start -ai three
e create --name four small:1; e start four; e start four; e restart -t 0 four; e ps --format '{{.Names}}'
e create no/such:image
e create
e start
e restart no-such
""")
case("what stays between starts", """
e run --name one small:1 sh -c 'echo x >>/data/file; cat /data/file'
e start -a one
e start -a one
e inspect -f '{{.RestartCount}}' one
""")
case("pause", """
e run -d --name one small:1
e pause one
e ps --format '{{.Names}} {{.State}}'
e inspect -f '{{.State.Status}} {{.State.Paused}} {{.State.Running}}' one
e pause one
e exec one true
e unpause one
e unpause one
e pause no-such
e exec one true
e pause one; e kill one; e unpause one; e wait one
""")
case("rename", """
e run -d --name one small:1
e rename one two
e ps --format '{{.Names}}'
e run -d --name three small:1; e rename three two
e rename two 'bad name'
e rename no-such four
e rename two two
e rename two
""")
case("restart policies", """
e run -d --name one --restart on-failure:2 small:1 sh -c 'echo run; exit 3'; sleep 3; e logs one; e inspect -f '{{.RestartCount}} {{.State.ExitCode}}' one
e inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' one
e run -d --rm --restart always small:1 true
e run -d --restart nonsense small:1 true
e run -d --restart on-failure:x small:1 true
e run -d --restart always:3 small:1 true
e run -d --name two --restart always small:1; e stop -t 0 two; sleep 0.5; e inspect -f '{{.State.Status}}' two
""")
case("inspect", """
e run -d --name one -m 64m --cpus 0.5 --pids-limit 50 -e A=1 -w /data -u guest -h planet small:1 sleep 999
e inspect -f '{{.Name}} {{.State.Status}} {{.State.Running}} {{.State.OOMKilled}} {{.RestartCount}}' one
e inspect -f '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}} {{.HostConfig.Privileged}}' one
e inspect -f '{{.Config.Hostname}} {{.Config.User}} {{.Config.WorkingDir}} {{.Config.Tty}} {{.Config.Image}}' one
e inspect -f '{{json .Config.Cmd}} {{json .Config.Env}} {{json .Config.Labels}}' one
e inspect -f '{{.Path}} {{.Args}}' one
e inspect -f '{{range .Config.Env}}{{println .}}{{end}}' one
e inspect -f '{{if .State.Running}}yes{{else}}no{{end}}' one
e inspect -f '{{len .Config.Env}}' one
e inspect one | head -c 3
e inspect one | python3 -c 'import json,sys; d=json.load(sys.stdin); print(len(d), d[0]["State"]["Status"])'
e inspect no-such
e inspect one no-such | tail -c 3
e inspect -f '{{.NoSuch}}' one
e inspect --type image one
e inspect --type container small:1
e inspect
""")
case("top", """
e run -d --name one small:1
e top one | tail -n +2 | wc -l
e top one -o pid,args | head -1
e top one -o comm | tail -1
e top no-such
e stop -t 0 one; e top one
""")
case("stats", """
e run -d --name one small:1
e stats --no-stream --format '{{.Name}}' one
e stats --no-stream | head -1
e stats --no-stream no-such
""")
case("update", """
e run -d --name one -m 64m small:1
e update -m 128m --memory-swap 128m one; e inspect -f '{{.HostConfig.Memory}}' one
e update --pids-limit 77 one; e inspect -f '{{.HostConfig.PidsLimit}}' one
e update --restart always one; e inspect -f '{{.HostConfig.RestartPolicy.Name}}' one
e update -m nonsense one
e update no-such -m 64m
e update -m 64m
""")
case("cp", """
e run -d --name one small:1
echo text >file; e cp file one:/tmp/file; e exec one cat /tmp/file
e cp one:/tmp/file out; cat out
e cp one:/etc/passwd - | tar -t
tar -c file | e cp - one:/data; e exec one ls /data
mkdir -p d/sub; echo s >d/sub/f; e cp d one:/tmp; e exec one find /tmp/d
e cp d/. one:/home; e exec one find /home
e cp one:/tmp/d new; find new | sort
e cp one:/tmp/d/. new; find new | sort
e cp one:/no/such out
e cp no-such one:/tmp
e cp file one:/no/such/dir/
e cp file one:/no/such/dir/name
e cp one:/tmp one:/data
e cp file other
e cp file no-such-container:/tmp
e stop -t 0 one; e cp file one:/tmp/stopped; e cp one:/tmp/stopped - | tar -xO
""")
case("diff", """
e run --name one small:1 sh -c 'touch /tmp/new; rm /data/file; echo x >>/etc/passwd; mkdir /made; touch /made/in'
e diff one | sort
e diff no-such
e diff
""")
case("export", """
e run --name one small:1 sh -c 'echo text >/tmp/new; rm /data/file'
e export one | tar -t | grep -E '^(tmp/new|data|etc/passwd)'
e export -o file.tar one; tar -xOf file.tar tmp/new
e export no-such
e export one -o /no/such/place
""")
case("commit", """
e run --name one small:1 sh -c 'echo text >/tmp/new'
e commit one new:1
e run --rm new:1 cat /tmp/new
e commit -c 'CMD ["echo", "changed"]' -c 'ENV X=1' -m message -a author one new:2
e run --rm new:2
e inspect -f '{{json .Config.Env}} {{.Author}} {{.Comment}}' new:2
e commit one 'Bad Name'
e commit no-such new:3
e commit -c 'NONSENSE x' one new:4
e rmi new:1 new:2 >/dev/null
""")
case("images", """
e images --format '{{.Repository}}:{{.Tag}}' | sort
e images -q | wc -l
e images small --format '{{.Repository}}:{{.Tag}}'
e images no-such
e images | head -1
e images --filter reference='s*' --format '{{.Repository}}'
e images --filter label=kind=small --format '{{.Repository}}'
e images --filter nonsense=1
e images --format '{{.NoSuch}}'
e image ls -q | wc -l
e image inspect -f '{{json .Config.Cmd}} {{.Os}} {{.Architecture}} {{len .RootFS.Layers}}' small:1
e image inspect -f '{{.RepoTags}}' small:1
e image inspect no-such
""")
case("tag and rmi", """
e tag small:1 other:2
e tag small:1 registry.example.org:5000/deep/name:tag
e images --format '{{.Repository}}:{{.Tag}}' | sort
e tag small:1 'Bad Name'
e tag no-such other:3
e rmi other:2
e rmi registry.example.org:5000/deep/name:tag
e rmi no-such
e rmi other:2
e images -q | wc -l
e run --name one small:1 true; e tag small:1 other:4; e rmi other:4
e rmi 'Bad Name'
e rmi
""")
case("history", """
e history -q small:1 | wc -l ## `history` of an image that has none
e history --format '{{.CreatedBy}}' --no-trunc small:1 | wc -l ## `history` of an image that has none
e history no-such
""")
case("save and load", """
e save -o image.tar small:1; tar -tf image.tar | grep -c manifest.json
e save small:1 | tar -xO manifest.json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["RepoTags"])'
e save no-such
e load -i no-such-file
e load -i /etc/passwd
e load -i image.tar
e load -q -i image.tar
e load <image.tar
""")
case("import", """
mkdir -p r/bin; cp /bin/busybox r/bin/sh; tar -C r -cf r.tar .; e import r.tar made:1 | wc -c
e run --rm made:1 /bin/sh -c 'echo imported'
e import -c 'CMD ["/bin/sh", "-c", "echo by default"]' - made:2 <r.tar >/dev/null; e run --rm made:2
e import no-such-file made:3
e rmi made:1 made:2 >/dev/null
""")
case("networks", """
e network ls --format '{{.Name}} {{.Driver}} {{.Scope}}' | sort
e network ls | head -1
e network create web
e network create web
e network ls --filter name=web --format '{{.Name}} {{.Driver}} {{.Scope}} {{.IPv6}} {{.Internal}} {{.Labels}}'
e network ls -q | wc -l
e network ls -q --no-trunc --filter name=web
e network ls --filter type=custom --format '{{.Name}}'
e network ls --filter type=some
e network ls --filter colour=red
e network inspect -f '{{.Name}} {{.Driver}} {{.Scope}} {{.Internal}} {{.EnableIPv6}} {{.Attachable}} {{len .Containers}}' web
e network inspect -f '{{.Name}} {{.Driver}} {{json .IPAM.Options}}' none host bridge
e network inspect web | jq -c '.[0] | keys - ["EnableIPv4"]'
e network create --subnet 10.201.0.0/16 --gateway 10.201.9.9 --ip-range 10.201.5.0/24 --aux-address a=10.201.0.7 --label k=v --internal full
e network inspect -f '{{json .IPAM.Config}} {{json .Labels}} {{.Internal}}' full
e network create --subnet 10.201.5.0/24 other
e network create --subnet 10.202.0.0/16 --gateway 10.203.0.1 other
e network create --gateway 10.203.0.1 other
e network create --subnet 10.202.0.0 other
e network create --subnet x other
e network create 'bad name' ## `network create` of names with blanks
e network rm 'bad name' >/dev/null 2>&1; true
e network create
e network create bridge
e network create none
e network create -d nothing other
e network ls --filter label=k --format '{{.Name}} {{.Labels}} {{.Label "k"}}'
e network ls --filter label=k=w -q
e network ls --filter dangling=true --format '{{.Name}}'
e network rm bridge
e network rm none
e network rm no-such
e network rm web full no-such
e network inspect no-such
e inspect --type network no-such
e network create one >/dev/null; e inspect -f '{{.Name}}' one
e network prune -f
e network prune -f
e network rm
""")

case("volumes", """
e volume create data
e volume create data
e volume ls -q
e volume ls | head -1
e volume inspect -f '{{.Name}} {{.Driver}} {{.Scope}}' data
e run --rm -v data:/mnt small:1 sh -c 'echo kept >/mnt/file'
e run --rm -v data:/mnt small:1 cat /mnt/file
e run --rm -v copied:/data small:1 cat /data/file
e run --rm --mount type=volume,src=copied,dst=/x small:1 ls /x
e run --rm --mount type=bind,src=/no/such,dst=/x small:1 true
e run --rm --mount type=nonsense,dst=/x small:1 true
e run --rm --mount type=tmpfs,dst=/x,tmpfs-size=1m small:1 sh -c 'df -k /x | tail -1 | tr -s " " | cut -d" " -f2'
e run -d --name one -v data:/mnt small:1 >/dev/null; e volume rm data
e rm -f one; e volume rm data copied
e volume rm no-such
e volume inspect no-such
e volume create 'bad name'
e run --rm -v /anonymous small:1 true; e volume ls -q | wc -l
e run -d --name two -v /anonymous small:1 >/dev/null; e run --rm --volumes-from two small:1 ls -d /anonymous; e rm -fv two; e volume ls -q | wc -l
e volume prune -f | head -1
""")
case("attach", """
e run -d --name one small:1 sh -c 'sleep 1; echo text; exit 6'; e attach one
e attach one
e attach no-such
e run -d -i --name two small:1 sh -c 'read x; sleep 1; echo got $x'; echo in | e attach two ## `attach`, after the end of its input
""")
case("health", """
e run -d --name one --health-cmd 'true' --health-interval 0.5s small:1; sleep 2; e inspect -f '{{.State.Health.Status}}' one
e ps --format '{{.Names}}' --filter health=healthy
e run -d --name two --health-cmd 'exit 1' --health-interval 0.5s --health-retries 1 small:1; sleep 2; e inspect -f '{{.State.Health.Status}}' two
e run -d --name three --no-healthcheck small:1; e inspect -f '{{json .State.Health}}' three
e run -d --health-interval nonsense small:1
""")
case("import", """
e run --name box small:1 sh -c 'echo mark >/mark'
e export box | e import - made:1
e run --rm made:1 cat /mark
e export box | e import -c 'CMD ["cat", "/mark"]' -m 'from a box' - made:2
e run --rm made:2
e image inspect -f '{{.Config.Cmd}} {{.Comment}}' made:2
e import /no/such/file made:3
e import - made:3 </dev/null ## `import` of nothing
e rmi made:1 made:2
""")
case("namespaces of others", """
e run -d --name one -h planet small:1
e run --rm --pid container:one small:1 cat /proc/1/comm
e run --rm --uts host small:1 hostname | cmp - <(hostname) && echo same
e run --rm --pid host small:1 cat /proc/1/comm ## `--pid host`, `--ipc host`
e run --rm --pid host --userns host small:1 cat /proc/1/comm
e run --rm --pid container:no-such small:1 true
e run --rm --ipc container:one small:1 true
e run -d --name memory --ipc shareable small:1
e run --rm --ipc container:memory small:1 touch /dev/shm/there
e exec memory ls /dev/shm
e run --rm --ipc none small:1 ls /dev/shm
e run --rm --network container:one small:1 true
e run --rm --network none small:1 ls /sys/class/net
e run --rm --gpus all small:1 true
""")
case("prune", """
e run --name one small:1 true; e run -d --name two small:1 >/dev/null; e container prune -f | head -1; e ps -aq | wc -l
e container ls -q | wc -l
e container rm -f two
e container nonsense
""")
case("help and unknown words", """
e --help >/dev/null && echo helped
e run --help | grep -c -- --rm
e no-such-command
e --no-such-flag
e ps --help | grep -c -- --no-trunc
e version | wc -l | sed 's/[0-9]*/some/'
e version --format '{{.Client.Os}} {{.Server.Os}}'
e info >/dev/null
e info --format '{{.OSType}} {{.Architecture}} {{.ContainersRunning}}'
""")
case("run without words", """
e run ## `run` without words
""")
case("events", """
sleep 1; since=$(date +%s); e run --rm --name one small:1 true; e events --since $since --until $(( $(date +%s) + 1 )) --filter type=container --format '{{.Action}}' | grep -v attach | sort
e events --since nonsense
""")
