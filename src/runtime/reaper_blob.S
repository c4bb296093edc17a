/* The program planet-init, as built beside us. PLANET_INIT_PATH is its path in quotes. */
	.section .rodata.planet_init, "a"
	.globl planet_init_begin
	.globl planet_init_end
	.balign 16
planet_init_begin:
	.incbin PLANET_INIT_PATH
planet_init_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits
