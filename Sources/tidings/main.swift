// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCommand

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

exit(Program.main())
