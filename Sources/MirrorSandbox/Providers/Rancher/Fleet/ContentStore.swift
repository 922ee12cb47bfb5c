import Glibc
import KubeCore
import MirrorAgent
package import MirrorPlanner
import SystemPackage

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The layers that a simulated daemon keeps, as real files in the directory where the distribution's containerd keeps
/// its content: the file system that this is on is the one that the agent measures, and that fills up.
package struct ContentStore: Sendable {
    /// What came of asking for a layer.
    package enum Pull: Hashable, Sendable {
        case served([UInt8])
        /// It is not here, and could not be stored; with the system's words.
        case failed(String)
    }

    private let blobs: String
    private let ingest: String

    /// - Parameter root: the host's root directory.
    package init(root: String, _ distribution: RancherDistribution) {
        let directory = root + HostReader.contentDirectory(dataDirectory: nil, distribution)
        blobs = "\(directory)/io.containerd.content.v1.content/blobs/sha256"
        ingest = "\(directory)/io.containerd.content.v1.content/ingest"
    }

    /// The longest layer that is made up.
    package static let sizeLimit = 8 << 20

    /// Whether a name can be a file's.
    package static func isSafe(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy {
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                    || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || $0 == UInt8(ascii: "-")
            }
    }

    /// Serves a layer. One that is not here is first pulled from its registry, which is made up, and stored, which is
    /// not: as in containerd it becomes a layer only once it is wholly written.
    package func pull(_ name: String, size: Int) -> Pull {
        if let bytes = try? Data(contentsOf: URL(filePath: "\(blobs)/\(name)")) { return .served([UInt8](bytes)) }
        let bytes = [UInt8](repeating: 0x6C, count: min(max(1, size), Self.sizeLimit))
        do {
            try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
            try FileManager.default.createDirectory(atPath: ingest, withIntermediateDirectories: true)
        } catch {
            return .failed("mkdir \(ingest): \(error)")
        }
        let path = FilePath("\(ingest)/\(name)")
        do {
            try write(bytes, to: path)
            guard rename("\(ingest)/\(name)", "\(blobs)/\(name)") == 0 else { throw Errno(rawValue: errno) }
            return .served(bytes)
        } catch {
            unlink("\(ingest)/\(name)")
            return .failed("write \(path): \(error)")
        }
    }

    /// Removes a layer, as an administrator or the kubelet's garbage collection does; false where it is not here.
    package func remove(_ name: String) -> Bool {
        unlink("\(blobs)/\(name)") == 0
    }

    private func write(_ bytes: [UInt8], to path: FilePath) throws {
        let file = try FileDescriptor.open(
            path,
            .writeOnly,
            options: [.create, .truncate],
            permissions: [.ownerReadWrite, .groupRead]
        )
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }
}
