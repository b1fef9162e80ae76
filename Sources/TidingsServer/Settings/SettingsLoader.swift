// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Settings {
    /// The file that is read when none is named and it exists.
    package static let standardFile = "tidings.yaml"

    /// Reads the settings of this process.
    /// - Parameters:
    ///   - flags: values of flags, by the setting's name.
    ///   - file: the file that `--config` names; else `TIDINGS_CONFIG`, else ``standardFile`` if it exists.
    /// - Throws: ``SettingsError`` that names every wrong value with its place, or the file that cannot be read.
    package static func load(
        flags: [String: String], file: String?, environment: [String: String]
    ) throws(SettingsError) -> Settings {
        var sources = Sources()
        sources.flags = flags
        sources.environment = environment
        let named = file ?? environment["TIDINGS_CONFIG"]
        let path = named ?? standardFile
        switch read(path) {
        case .success(let text): sources.file = (path, text)
        case .failure(let error):
            if named != nil || error.number != ENOENT {
                throw SettingsError(["\(path) cannot be read: \(String(cString: strerror(error.number)))"])
            }
        }
        return try Settings(sources)
    }

    private struct SystemError: Error { let number: Int32 }

    /// Reads a file, at most a little more than the YAML reader takes.
    private static func read(_ path: String) -> Result<[UInt8], SystemError> {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return .failure(SystemError(number: errno)) }
        defer { close(file) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while text.count <= YAMLNode.sizeLimit {
            #if canImport(Glibc)
                let count = Glibc.read(file, &piece, piece.count)
            #else
                let count = Darwin.read(file, &piece, piece.count)
            #endif
            if count > 0 {
                text += piece[..<count]
            } else if count == 0 {
                break
            } else if errno != EINTR {
                return .failure(SystemError(number: errno))
            }
        }
        return .success(text)
    }
}
