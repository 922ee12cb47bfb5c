import KubeClient
import KubeCore

/// A file that a person names: it may be a pipe, and it may be anything else by mistake.
enum InputFile {
    /// How long a file may take in all; a pipe needs somebody who writes to it.
    static let patience = Duration.seconds(60)

    /// - Parameter limit: bytes of the longest file that is read.
    /// - Throws: `KubeError` that names the file and what is wrong about it.
    static func read(
        _ path: String,
        limit: Int = 16 << 20,
        patience: Duration = Self.patience
    ) throws(KubeError) -> [UInt8] {
        let files = PatientFiles(SystemFiles(sizeLimit: limit), patience: patience)
        guard let content = try files.contents(of: path) else {
            throw KubeError(.configuration, "\(path): there is no such file")
        }
        return content
    }
}
