// The probe's commands; each prints what it found, one line each, and judges nothing: the tests do.
#pragma once

// The verdict of the filter on each call number of [from, to): "NUMBER allow" or "NUMBER ERRNO". Nothing is executed.
int show_calls(const char* abi, long from, long to);
