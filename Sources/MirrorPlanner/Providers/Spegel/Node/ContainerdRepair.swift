package import MirrorAPI

/// What the agent may do about findings, and what it leaves to people; pure.
package enum ContainerdRepair {
    /// What is to become of the file of our own.
    package enum DropIn: Hashable, Sendable {
        /// It is to hold this.
        case write([UInt8], path: String)
        /// It is to be gone.
        case remove(path: String)
        /// It is as it is to be, or not needed and not there.
        case keep
        /// It would help, but can't be: why, and what a person may do.
        case impossible(String)
    }

    /// What is to become of our file.
    ///
    /// - Parameters:
    ///   - present: our file as it is, and where; nil where there is none.
    package static func dropIn(
        _ wish: ContainerdWish,
        _ view: ContainerdView,
        mirror: String,
        present: (path: String, content: [UInt8])?
    ) -> DropIn {
        // Whether the mirror is to be here is not known, or it answers: what is there stays.
        guard wish.installed || (wish.isGone && view.isSilent(wish)) else { return .keep }
        guard wish.repair, wish.installed else { return present.map { .remove(path: $0.path) } ?? .keep }
        guard let tree = view.tree, view.faults.isEmpty else { return .keep }
        var bare = view
        if let present { bare.tree = tree.without(present.path) }
        let faults = ContainerdCheck(wish, bare).configurationReasons
        guard faults.contains(where: repairable.contains) else {
            return present.map { .remove(path: $0.path) } ?? .keep
        }
        let result = write(wish, bare, mirror: mirror, present: present)
        // One that can't help any more may do harm, and why it can't is told at the next look.
        if let present, case .impossible = result { return .remove(path: present.path) }
        return result
    }

    /// Who sets another path had a reason, so that it is left to people.
    private static let repairable: Set<Reason> = [.configPathUnset, .configPathNotSplit, .layersDiscarded]

    private static func write(
        _ wish: ContainerdWish,
        _ bare: ContainerdView,
        mirror: String,
        present: (path: String, content: [UInt8])?
    ) -> DropIn {
        guard let tree = bare.tree, let main = tree.files[tree.main], let settings = bare.settings else { return .keep }
        guard let path = present?.path ?? ContainerdDropIn.places(tree).first else {
            return .impossible(
                "\(tree.main) imports no directory below \(ContainerdDropIn.writableDirectory) in which a file of our "
                    + "own would count: set it there by hand, or add imports = "
                    + "[\"\(ContainerdDropIn.writableDirectory)/conf.d/*.toml\"] above its first table"
            )
        }
        guard tree.files[path] == nil else {
            return .impossible("\(path) is somebody else's: remove it, or set it there by hand")
        }
        guard settings.line != .replacing else {
            // On containerd 1.6.20, `containerd config dump` shows all settings of the other file at their defaults.
            return .impossible(
                "in containerd 1 a file of our own would put back to their defaults all settings of "
                    + "\(ContainerdFile.criPlugin) that other files have or get: set it in \(tree.main) by hand"
            )
        }
        guard main.version >= 2 else {
            return .impossible("\(tree.main) is of version 1, to which nothing is added: set it there by hand")
        }
        if bare.isDoubtful {
            return .impossible(
                "\(tree.main) may be that of another containerd than the kubelet's, which was looked for at "
                    + bare.looked.joined(separator: ", ")
            )
        }
        return attempt(wish, bare, mirror: mirror, path: path, present: present)
    }

    /// Writes what helps and what containerd will not refuse; the first form of the file that is both.
    private static func attempt(
        _ wish: ContainerdWish,
        _ bare: ContainerdView,
        mirror: String,
        path: String,
        present: (path: String, content: [UInt8])?
    ) -> DropIn {
        guard let tree = bare.tree, let settings = bare.settings, let main = tree.files[tree.main] else { return .keep }
        let isWritten = settings.writtenConfigPath != nil
        var refusal: ContainerdRefusal?
        for usesOlderPlugin in settings.version == 2 ? [false, true] : [false] {
            let content = ContainerdDropIn.render(
                ContainerdDropIn.Wish(
                    mirror: mirror,
                    // The last version that is written holds for all files.
                    version: settings.line == .merging ? settings.version : main.version,
                    configPath: isWritten ? nil : wish.registryConfigPath,
                    pullsLocally: isWritten && settings.roots.count > 1
                        && bare.version.map { $0 >= .transferring } == true,
                    usesOlderPlugin: usesOlderPlugin
                )
            )
            guard let file = try? ContainerdFile(path: path, content: content, release: bare.version) else { continue }
            var after = bare
            after.tree = tree.with(file)
            refusal = after.settings?.refusal
            guard refusal == nil else { continue }
            guard !ContainerdCheck(wish, after).configurationReasons.contains(where: repairable.contains) else {
                continue
            }
            return present?.content == content ? .keep : .write(content, path: path)
        }
        if let refusal { return .impossible("containerd would refuse it: \(refusal.sentence)") }
        return .impossible("a file that is read after \(path) sets it otherwise: change it there")
    }
}

extension ContainerdCheck {
    /// Reasons of what containerd's own configuration lacks.
    var configurationReasons: [Reason] {
        view.settings.map { configuration($0).compactMap { Reason(rawValue: $0.reason) } } ?? []
    }
}
