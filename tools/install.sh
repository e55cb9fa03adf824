#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# install.sh install|uninstall: with O (object tree), PREFIX, DESTDIR, VERSION
# in the environment, as the Makefile calls it.
set -eu
: "${O:?}" "${PREFIX:?}" "${VERSION:?}"
root=${DESTDIR:-}$PREFIX
completions=$O/share/bash-completion/completions

list() { # every file that is installed, below the prefix
	for b in "$O"/bin/*; do echo "bin/${b##*/}"; done
	echo lib/libukfs.a
	echo lib/libukfs.so.0
	echo lib/libukfs.so
	echo lib/pkgconfig/ukfs.pc
	for h in include/rump/*.h; do echo "$h"; done
	for c in "$completions"/*; do echo "share/bash-completion/completions/${c##*/}"; done
	for m in man/*.[1-9]; do echo "share/man/man${m##*.}/${m##*/}"; done
}

case ${1:-} in
install)
	mkdir -p "$root/bin" "$root/lib/pkgconfig" "$root/include/rump"
	install -m 755 "$O"/bin/* "$root/bin/"
	install -m 644 "$O/lib/libukfs.a" "$root/lib/"
	install -m 644 "$O/lib/libukfs.so" "$root/lib/libukfs.so.0"
	ln -sf libukfs.so.0 "$root/lib/libukfs.so"
	install -m 644 include/rump/*.h "$root/include/rump/"
	mkdir -p "$root/share/bash-completion/completions"
	cp -Pf "$completions"/* "$root/share/bash-completion/completions/"
	chmod 644 "$root/share/bash-completion/completions/fs-utils"
	for m in man/*.[1-9]; do
		mkdir -p "$root/share/man/man${m##*.}"
		install -m 644 "$m" "$root/share/man/man${m##*.}/"
	done
	cat >"$root/lib/pkgconfig/ukfs.pc" <<END
prefix=$PREFIX
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: ukfs
Description: File systems in user space, without a mount
Version: $VERSION
Libs: -L\${libdir} -lukfs
Libs.private: -lblkid -lpthread -ldl
Cflags: -I\${includedir}
END
	;;
uninstall)
	list | while read -r f; do rm -f "$root/$f"; done
	rmdir "$root/include/rump" 2>/dev/null || true
	;;
*)
	echo "usage: install.sh install|uninstall" >&2
	exit 2
	;;
esac
