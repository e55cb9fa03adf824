# What reads the tables: _fsu is called by bash for every command.

# Words up to the cursor into w, as they were typed but put together again where
# bash cut them at = or :.
_fsu_words() {
	local line=${COMP_LINE:0:COMP_POINT} i word
	w=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $i -gt 0 && $line != [[:space:]]* && -n $line ]]; then
			w[${#w[@]} - 1]+=$word
		else
			w+=("$word")
			line=${line#"${line%%[![:space:]]*}"}
		fi
		line=${line#"$word"}
	done
}

# Quotes and backslashes gone.
_fsu_plain() {
	local s=$1
	case $s in
	\'*) plain=${s#\'} ; plain=${plain%\'} ;;
	\"*) plain=${s#\"} ; plain=${plain%\"} ;;
	*) IFS= read plain <<<"$s" ;;
	esac
	case $plain in
	\~/*) plain=$HOME${plain#\~} ;;
	esac
}

# The kind of option $1's value; fails if it takes none.
_fsu_value_kind() {
	local v
	for v in $vals; do
		if [[ ${v%:*} == "$1" ]]; then
			kind=${v##*:}
			return 0
		fi
	done
	return 1
}

# Does the cluster $1 end in a letter whose value is the next word?
_fsu_cluster() {
	local i
	for ((i = 1; i < ${#1}; i++)); do
		if _fsu_value_kind "-${1:i:1}"; then
			[[ $i -eq $((${#1} - 1)) ]]
			return
		fi
	done
	return 1
}

_fsu_host() {
	local f
	while IFS= read -r f; do
		[[ $f == *[[:cntrl:]]* ]] || replies+=("$f")
	done < <(compgen "$1" -- "$cur")
	compopt -o filenames 2>/dev/null
}

# Names in the image; quietly nothing if it can't be read at once.
_fsu_image() {
	local dir= base=$cur f all=
	[[ -n $image ]] || return
	if [[ $cur == */* ]]; then
		dir=${cur%/*}/
		base=${cur##*/}
	fi
	[[ $base == .* ]] && all=-A
	while IFS= read -r f; do
		# A name from an image never brings control characters to the line.
		if [[ $f == "$base"* && $f != *[[:cntrl:]]* ]]; then
			replies+=("$dir$f")
		fi
	done < <(FSU_DEVICE='' command fsu_ls "${front[@]}" -o nowait "$image" -1pL $all -- "${dir:-.}" 2>/dev/null </dev/null)
	compopt -o filenames 2>/dev/null
}

# An image: files, names of ~/.fsurc, and behind a % the partitions.
_fsu_image_argument() {
	local name rest file=${cur%%%*}
	if [[ $cur == *%* && -f $file ]]; then
		while IFS= read -r name; do
			[[ $name == "$cur"* ]] && replies+=("$name")
		done < <(FSU_DEVICE='' command fsu_part "$file" --json 2>/dev/null </dev/null |
			sed -n 's/.*"argument": *"\([^"\\]*\)".*/\1/p')
		return
	fi
	_fsu_host -f
	while read -r name rest; do
		[[ -n $rest && $name != '#'* && $name == "$cur"* ]] && replies+=("$name")
	done < <(cat ~/.fsurc 2>/dev/null)
}

_fsu_list() {
	local x
	for x in $1; do
		[[ $x == "$cur"* ]] && replies+=("$x")
	done
}

# Candidates of kind $1 for $cur.
_fsu_offer() {
	case $1 in
	i) _fsu_image ;;
	h) _fsu_host -f ;;
	d) _fsu_host -d ;;
	c) _fsu_host -c ;;
	b) # a path from / is the image's if the image has it
		_fsu_image
		[[ $cur == /* && ${#replies[@]} -gt 0 ]] || _fsu_host -f
		;;
	t) _fsu_list "$_fsu_types" ;;
	m) _fsu_list "ro rw nowait atime verbose force passwd=image" ;;
	I) _fsu_image_argument ;;
	esac
}

# The line in front of the cursor: which image, how many operands, does the last
# word want a value?
_fsu_scan() {
	local i word own= ended=
	for ((i = 1; i < ${#w[@]} - 1; i++)); do
		word=${w[i]}
		if [[ -n $want ]]; then
			want=
			continue
		fi
		if [[ -n $ended || $word != -?* ]]; then
			_fsu_plain "$word"
			if [[ -z $image ]]; then
				image=$plain
			else
				n=$((n + 1))
			fi
			continue
		fi
		case $word in
		--) ended=1 ;;
		-t | -o)
			if [[ $ours && -z $own && -z $image ]]; then
				want=t
				[[ $word == -o ]] && want=m
				[[ $i -lt $((${#w[@]} - 2)) ]] && front+=("$word" "${w[i + 1]}")
				continue
			fi
			;;&
		--image=*) _fsu_plain "${word#--image=}" ; image=$plain ;;
		--fstype=* | --mount-options=* | --part=*) front+=("$word") ;;
		--*=*) own=1 ;;
		--*)
			own=1
			_fsu_value_kind "$word" && [[ $longs == *"$word= "* ]] && want=$kind
			;;
		-*)
			own=1
			_fsu_cluster "$word" && want=$kind
			;;
		esac
	done
	[[ -z $ended ]] || over=1
}

_fsu() {
	local w operands longs shorts vals image=${FSU_DEVICE-} n=0 want= kind plain cur
	local prefix typed ours= over= front=() replies=() i
	_fsu_table "${1##*/}" || return
	_fsu_words
	if [[ ${1##*/} == fsu_* ]]; then
		ours=1
		longs+='--fstype= --mount-options= --image= --part= --glob --no-glob --force '
		vals+='--fstype:t --mount-options:m --image:h --part:n '
	else
		image=
	fi
	longs+='--help --version '
	_fsu_scan
	typed=${w[${#w[@]} - 1]}
	_fsu_plain "$typed"
	cur=$plain
	if [[ -n $want ]]; then
		_fsu_offer "$want"
	elif [[ -z $over && $typed == --*=* ]]; then
		_fsu_value_kind "${typed%%=*}" || return
		prefix=${cur%%=*}=
		cur=${cur#*=}
		_fsu_offer "$kind"
		replies=("${replies[@]/#/$prefix}")
	elif [[ -z $over && $typed == -* ]]; then
		_fsu_list "$longs $shorts"
	elif [[ -z $image ]]; then
		_fsu_offer I
	else
		i=$((n < ${#operands} ? n : ${#operands} - 1))
		_fsu_offer "${operands:i:1}"
	fi
	# Only what stands behind the last = or : is bash's to replace.
	prefix=${COMP_WORDS[COMP_CWORD]}
	[[ $prefix == [=:] ]] && prefix=
	prefix=${typed%"$prefix"}
	if [[ $prefix == *[=:]* ]]; then
		replies=("${replies[@]#"$prefix"}")
	fi
	COMPREPLY=("${replies[@]}")
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/] ]]; then
		compopt -o nospace 2>/dev/null
	fi
}

