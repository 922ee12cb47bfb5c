import KubeCore
import MirrorAPI
import MirrorPlanner

/// Reads containerd's configuration and the directories of its registries from the host.
struct ContainerdFiles {
    private static let fileLimit = 1 << 20
    /// Directories of registries that are looked into for left-overs.
    private static let directoryLimit = 512

    let files: any HostFileSystem

    /// Which containerd reads them; nil where it is not known.
    var release: ContainerdVersion?

    /// What was read.
    struct Reading {
        var tree: ContainerdTree?
        /// Paths at which a configuration was looked for.
        var looked: [String] = []
        /// Whether what was found may be that of another containerd.
        var isDoubtful = false
        var faults: [String] = []
        /// Our own files, with the mirror that each was written for.
        var ownFiles: [(mirror: String, file: ContainerdInput.OwnFile)] = []
    }

    /// The configuration, from the first of the places at which there is one.
    func configuration(_ places: ContainerdPlaces) -> Reading {
        var reading = Reading()
        for (index, place) in places.paths.enumerated() {
            reading.looked.append(place)
            do throws(HostError) {
                guard let content = try read(place) else { continue }
                reading.tree = ContainerdTree(main: place)
                add(place, content, &reading)
            } catch {
                reading.tree = ContainerdTree(main: place)
                reading.faults.append(error.description)
            }
            reading.isDoubtful = index >= places.certain
            break
        }
        follow(&reading)
        return reading
    }

    private func follow(_ reading: inout Reading) {
        var seen: Set<String> = [reading.tree?.main ?? ""]
        while let tree = reading.tree {
            for pattern in Set(tree.files.values.flatMap(\.imports)).sorted() where tree.matches[pattern] == nil {
                guard !ContainerdPath.isPattern(pattern) || ContainerdPath.isWellFormed(pattern) else {
                    reading.tree?.matches[pattern] = []
                    reading.faults.append("the import \(pattern) is no well-formed pattern")
                    continue
                }
                do throws(HostError) {
                    reading.tree?.matches[pattern] = try expand(pattern)
                } catch {
                    reading.tree?.matches[pattern] = []
                    reading.faults.append(error.description)
                }
            }
            let new = (reading.tree?.paths ?? []).filter { seen.insert($0).inserted }
            guard !new.isEmpty else { return }
            for path in new { load(path, &reading) }
        }
    }

    private func load(_ path: String, _ reading: inout Reading) {
        do throws(HostError) {
            guard let content = try read(path) else {
                reading.faults.append(
                    "\(path) is imported, but is not there, or not mounted into the agent's container"
                )
                return
            }
            add(path, content, &reading)
        } catch {
            reading.faults.append(error.description)
        }
    }

    private func add(_ path: String, _ content: [UInt8], _ reading: inout Reading) {
        let mirror = ContainerdDropIn.mirror(of: content)
        if let mirror, ContainerdPath.name(path) == ContainerdDropIn.name {
            reading.ownFiles.append((mirror, ContainerdInput.OwnFile(path: path, content: content)))
        }
        do throws(TOMLFault) {
            reading.tree?.files[path] = try ContainerdFile(path: path, content: content, release: release)
        } catch {
            // Our own is written anew.
            if mirror == nil { reading.faults.append("\(path) can't be read: \(error)") }
        }
    }

    /// What a pattern leads to, in the order of names; a path that is no pattern leads to itself.
    private func expand(_ pattern: String) throws(HostError) -> [String] {
        guard ContainerdPath.isPattern(pattern) else { return [pattern] }
        var found = [""]
        for part in pattern.split(separator: "/").map(String.init) {
            guard part.contains(where: { "*?[\\".contains($0) }) else {
                found = found.map { "\($0)/\(part)" }
                continue
            }
            var next: [String] = []
            for directory in found {
                let names = try self.names(in: directory.isEmpty ? "/" : directory)
                next += names.filter { ContainerdPath.matches(part, $0) }
                    .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                    .map { "\(directory)/\($0)" }
            }
            found = Array(next.prefix(ContainerdTree.fileLimit))
        }
        guard let last = pattern.split(separator: "/").last, !last.contains("*") else { return found }
        var present: [String] = []
        for path in found where try names(in: ContainerdPath.parent(path)).contains(ContainerdPath.name(path)) {
            present.append(path)
        }
        return present
    }

    /// What a directory holds; nothing where it is none, as a pattern of Go's passes over it.
    private func names(in directory: String) throws(HostError) -> [String] {
        do throws(HostError) {
            return (try files.list(directory) ?? []).map(\.name)
        } catch  where error.code == .wrongKind {
            return []
        }
    }

    /// A directory of registries.
    ///
    /// - Parameter registries: whose directories are looked into; nil for all that are no links.
    func root(_ path: String, registries: [String]?) throws(HostError) -> HostsRoot {
        guard let entries = try files.list(path) else { return HostsRoot(path: path, isThere: false) }
        var root = HostsRoot(path: path, names: Set(entries.map(\.name)).subtracting([HostsRoot.backupName]))
        let wanted: [String]
        if let registries {
            wanted = Set(registries.flatMap(HostsRoot.candidates)).filter(root.names.contains).sorted()
        } else {
            wanted = entries.filter(\.isDirectory).map(\.name).filter {
                $0 != HostsRoot.backupName && !HostsRoot.isTrash($0)
            }
            .sorted()
        }
        for name in wanted.prefix(Self.directoryLimit) { root.directories[name] = directory("\(path)/\(name)") }
        for name in root.names.filter(HostsRoot.isTrash)
        where try Set(names(in: "\(path)/\(name)")).isSubset(of: ["hosts.toml"]) {
            root.trash.append(name)
        }
        root.trash.sort()
        if entries.contains(where: { $0.name == HostsRoot.backupName && $0.isDirectory }) {
            root.backup = (try files.list("\(path)/\(HostsRoot.backupName)") ?? []).map(\.name).sorted()
        }
        return root
    }

    private func directory(_ path: String) -> HostsDirectory? {
        let file = "\(path)/hosts.toml"
        do throws(HostError) {
            // A link to nothing is no directory for containerd, too.
            guard let names = try files.list(path)?.map(\.name) else { return nil }
            let isLink = try files.attributes(file)?.isLink
            let isAlone = names == ["hosts.toml"] && isLink == false
            guard let content = try read(file), !content.isEmpty else {
                return HostsDirectory(.absent, isAlone: isAlone)
            }
            do throws(TOMLFault) {
                return HostsDirectory(.hosts(try HostsFile(content: content)), isAlone: isAlone)
            } catch {
                return HostsDirectory(.unreadable("\(error)"), isAlone: false)
            }
        } catch {
            return HostsDirectory(.unreadable(error.detail), isAlone: false)
        }
    }

    private func read(_ path: String) throws(HostError) -> [UInt8]? {
        try files.read(path, limit: Self.fileLimit, followingLink: true)
    }
}
