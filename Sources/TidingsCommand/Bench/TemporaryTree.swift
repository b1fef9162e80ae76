// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Folders that a command made for itself.
enum TemporaryTree {
    /// Removes a folder with all that is in it; what cannot be removed stays.
    static func remove(_ folder: String) {
        if let entries = opendir(folder) {
            while let entry = readdir(entries) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name == "." || name == ".." { continue }
                let path = folder + "/" + name
                if unlink(path) != 0 { remove(path) }
            }
            closedir(entries)
        }
        rmdir(folder)
    }
}
