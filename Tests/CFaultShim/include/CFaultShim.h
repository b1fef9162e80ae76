// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// Loaded with LD_PRELOAD into the program under test; nobody calls it.
