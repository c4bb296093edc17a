/* The program planet-registry, as built beside us. PLANET_REGISTRY_PATH is its path in quotes. */
	.section .rodata.planet_registry, "a"
	.globl planet_registry_begin
	.globl planet_registry_end
	.balign 16
planet_registry_begin:
	.incbin PLANET_REGISTRY_PATH
planet_registry_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits
