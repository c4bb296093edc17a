/* The embedded image, as built beside us. PLANET_IMAGE_PATH is its path in quotes. */
	.section .rodata.planet_image, "a"
	.globl planet_image_begin
	.globl planet_image_end
	.balign 16
planet_image_begin:
	.incbin PLANET_IMAGE_PATH
planet_image_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits
