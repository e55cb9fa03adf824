# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2046
# long names whose pieces are out of order, have a wrong checksum, no short name, or
# say that there are more of them: the short name counts
for fat in 12 32; do
	fat_standard $fat || break
	short=$(fatat entry '/A long name of thirty letters')
	for damage in order sum sequence count count0 type; do
		fat_standard $fat
		case $damage in
		order) poke $((short - 32)) '\002'; poke $((short - 64)) '\001' ;;
		sum) poke $((short - 32 + 13)) '\1' ;;
		sequence) poke $((short - 64)) '\005' ;;
		count) poke $((short - 96)) '\177' ;;
		count0) poke $((short - 96)) '\100' ;;
		type) poke $((short - 64 + 13)) '\2' ;;
		esac
		reads 0 '' fsu_ls @ /
		grep -qi '^ALONGN~1' "$work/stdout"
		tap $? "$case $damage: the short name is shown"
		reads 0 '' fsu_cat @ /alongn~1
		readall 0 ''
		run 0 '' fsu_rm @ '/ALONGN~1'
	done
	# without their short name: they are nothing
	fat_standard $fat
	poke "$short" '\345'
	reads 0 '' fsu_ls @ /
	! grep -qi alongn "$work/stdout"
	tap $? "$case: pieces alone are no name"
	readall 0 ''
	run 0 '' fsu_put @ /etc/passwd '/A long name of thirty letters'
	# a name that has "/" and NUL, or begins with blanks only
	fat_standard $fat
	poke $((short - 32 + 1)) '/\0'
	reads 1 'no name can be so' fsu_ls @ /
	grep -q big "$work/stdout"
	tap $? "$case: the others are listed"
	reads 0 '' fsu_cat @ /big
done
