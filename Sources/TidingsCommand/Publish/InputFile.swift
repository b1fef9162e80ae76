// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads files and standard input (`-`) in pieces.
final class InputFile {
    /// How the file is called in sentences.
    let name: String
    private let file: Int32
    private var piece = [UInt8](repeating: 0, count: 1 << 16)

    /// Opens a file; `-` is standard input.
    init(_ path: String) throws(CommandFailure) {
        name = path == "-" ? "standard input" : path
        file = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        if file < 0 {
            let reason = errno
            throw CommandFailure(
                reason == ENOENT ? .notFound : .failure, "\(path) cannot be read: \(String(cString: strerror(reason)))")
        }
    }

    deinit { if file > 0 { close(file) } }

    /// The next bytes; nil at the end.
    func next() throws(CommandFailure) -> ArraySlice<UInt8>? {
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(file, &piece, piece.count)
            #else
                let count = Darwin.read(file, &piece, piece.count)
            #endif
            if count > 0 { return piece[..<count] }
            if count == 0 { return nil }
            let reason = errno
            if reason != EINTR {
                throw CommandFailure(.failure, "\(name) cannot be read: \(String(cString: strerror(reason)))")
            }
        }
    }

    /// All bytes of a file, at most `limit`.
    static func readWhole(_ path: String, limit: Int) throws(CommandFailure) -> [UInt8] {
        let file = try InputFile(path)
        var bytes: [UInt8] = []
        while let piece = try file.next() {
            bytes += piece
            if bytes.count > limit { throw CommandFailure(.failure, "\(path) is larger than \(limit) bytes") }
        }
        return bytes
    }

    /// Whether there is anything to read: a file, a folder, or standard input.
    static func exists(_ path: String) -> Bool { path == "-" || access(path, F_OK) == 0 }

    /// The files in a folder and in those below it that hold events, by path. Hidden ones are left out.
    static func events(in path: String) throws(CommandFailure) -> [String] {
        var status = stat()
        if path == "-" || stat(path, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR { return [path] }
        guard let folder = opendir(path) else {
            throw CommandFailure(.failure, "\(path) cannot be listed: \(String(cString: strerror(errno)))")
        }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        closedir(folder)
        var files: [String] = []
        for name in names.sorted() {
            let below = path.hasSuffix("/") ? path + name : path + "/" + name
            var status = stat()
            guard lstat(below, &status) == 0 else { continue }
            // A folder behind a symbolic link is left out: links may form circles.
            if status.st_mode & S_IFMT == S_IFDIR {
                files += try events(in: below)
            } else if [".json", ".ndjson", ".jsonl"].contains(where: { name.hasSuffix($0) }) {
                files.append(below)
            }
        }
        return files
    }
}
