# SPDX-License-Identifier: BSD-2-Clause
# From `nm -n` of the core, the table that names functions in a backtrace: a
# count, each function's distance from the one before (the first one's from the
# start of .text) in 16 bits, then the names.
BEGIN { count = 0 }
$3 == "__text_start" { base = substr($1, 9) }
substr($1, 1, 8) == "ffffffff" && $2 ~ /^[tTwW]$/ && $3 !~ /^__(image|text)_/ && $1 != last {
	last = $1
	address[count] = substr($1, 9)
	# What the compiler appends to names of functions that it splits or copies.
	sub(/\.(lto_priv|isra|part|constprop|cold)\..*|\.cold$/, "", $3)
	name[count++] = $3
}
END {
	print "\t.section .symtab_core, \"a\", @progbits"
	print "\t.balign 4"
	print "\t.long " count
	for (i = 0; i < count; i++) {
		distance = "0x" address[i] " - 0x" (i ? address[i - 1] : base)
		print "\t.if " distance " > 0xffff"
		print "\t.error \"" name[i] " follows a function of more than 64 KiB\""
		print "\t.endif"
		print "\t.short " distance
	}
	for (i = 0; i < count; i++)
		print "\t.asciz \"" name[i] "\""
	print "\t.section .note.GNU-stack, \"\", @progbits"
}
