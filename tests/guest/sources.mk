# SPDX-License-Identifier: BSD-2-Clause
guest-lib := tests/guest/lib/start.S tests/guest/lib/guest.c
guest += hello hello32 hostile exits path echo corners
hello-src := $(guest-lib) tests/guest/hello.c
hostile-src := $(guest-lib) tests/guest/hostile.c
exits-src := $(guest-lib) tests/guest/exits.c
hello32-src := tests/guest/hello32.S
hello32-flags := -m32
hello-lds := tests/guest/lib/guest.lds
hostile-lds := $(hello-lds)
echo-src := $(guest-lib) tests/guest/echo.c
echo-lds := $(hello-lds)
corners-src := $(guest-lib) tests/guest/corners.c
corners-lds := $(hello-lds)
path-src := $(guest-lib) tests/guest/path.c
exits-lds := $(hello-lds)
path-lds := tests/guest/lib/guest.lds
hello32-lds := $(hello-lds)
