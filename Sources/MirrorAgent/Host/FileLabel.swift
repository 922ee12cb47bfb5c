import CXattr

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The SELinux label of a file, which is an extended attribute. The kernel gives a new file the label of its directory
/// unless a rule of the policy says otherwise; whoever replaces a file by a new one must take its label along.
struct FileLabel {
    private let name: String

    init(_ name: String) { self.name = name }

    /// Gives `file` the label that `model` has, a file or a directory, unless it has that already. Where `model` has
    /// none, or the file system knows none, there is nothing to keep.
    func keep(
        of model: Int32,
        on file: Int32,
        _ failure: (Int32) -> HostError
    ) throws(HostError) {
        guard let wanted = try value(of: model, failure), try value(of: file, failure) != wanted else { return }
        guard fsetxattr(file, name, wanted, wanted.count, 0) != 0, errno != ENOTSUP else { return }
        throw failure(errno)
    }

    private func value(of file: Int32, _ failure: (Int32) -> HostError) throws(HostError) -> [UInt8]? {
        // The longest value that Linux stores on any file system is 64 KiB; a label has some dozens of bytes.
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = fgetxattr(file, name, &buffer, buffer.count)
        if count >= 0 { return Array(buffer[..<count]) }
        if [ENODATA, ENOTSUP].contains(errno) { return nil }
        throw failure(errno)
    }
}
