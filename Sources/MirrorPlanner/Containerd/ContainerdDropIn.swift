/// The file of our own that containerd's configuration imports.
package enum ContainerdDropIn {
    /// Sorts after what others write.
    package static let name = "zz-p2pmirror.toml"
    /// Files are written below this directory alone.
    package static let writableDirectory = "/etc/containerd"

    private static let firstLine = "# Written by p2pmirror for the P2PMirror "

    /// What a file says, and that it is ours.
    package struct Wish: Hashable, Sendable {
        package var mirror: String
        /// The version of the file's format.
        package var version: Int
        /// Nil where somebody else has set it.
        package var configPath: String?
        /// Whether pulls must not go through the transfer service, which would take a list of paths for one.
        package var pullsLocally: Bool
        /// Whether the older plugin's tables are used, whose registry takes the place of the newer plugin's.
        package var usesOlderPlugin: Bool

        package init(
            mirror: String,
            version: Int,
            configPath: String?,
            pullsLocally: Bool = false,
            usesOlderPlugin: Bool = false
        ) {
            self.mirror = mirror
            self.version = version
            self.configPath = configPath
            self.pullsLocally = pullsLocally
            self.usesOlderPlugin = usesOlderPlugin
        }
    }

    /// The file's text. A file of version 2 may have the plugin of containerd 2, too.
    package static func render(_ wish: Wish) -> [UInt8] {
        var lines = [
            "\(firstLine)\(wish.mirror); changes are overwritten.",
            "version = \(wish.version)",
            "",
            "[plugins.\"\(ContainerdFile.imagesPlugin)\"]",
            "  discard_unpacked_layers = false",
        ]
        if wish.pullsLocally { lines.append("  use_local_image_pull = true") }
        let plugin = wish.usesOlderPlugin ? ContainerdFile.criPlugin : ContainerdFile.imagesPlugin
        if wish.usesOlderPlugin {
            lines += ["", "[plugins.\"\(plugin)\".containerd]", "  discard_unpacked_layers = false"]
        }
        if let path = wish.configPath {
            lines += ["", "[plugins.\"\(plugin)\".registry]", "  config_path = \"\(path)\""]
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    /// The mirror that a file was written for; nil where it is not ours.
    package static func mirror(of content: [UInt8]) -> String? {
        let line = String(decoding: content.prefix { $0 != 0x0A }, as: UTF8.self)
        guard line.hasPrefix(firstLine), let end = line.firstIndex(of: ";") else { return nil }
        return String(line[line.index(line.startIndex, offsetBy: firstLine.count)..<end])
    }

    /// Where it could stand: in directories that the first file imports already.
    package static func places(_ tree: ContainerdTree) -> [String] {
        let imports = tree.files[tree.main]?.imports ?? []
        return imports.compactMap { pattern in
            let directory = ContainerdPath.parent(pattern)
            guard ContainerdPath.isPattern(pattern), !ContainerdPath.isPattern(directory),
                ContainerdPath.isInside(directory, writableDirectory),
                ContainerdPath.matches(ContainerdPath.name(pattern), name)
            else { return nil }
            return directory == "/" ? "/\(name)" : "\(directory)/\(name)"
        }
    }
}
