import MirrorAPI
import MirrorPlanner

extension Validation {
    /// How `registries.yaml` is to change; nil where it has what is asked for.
    ///
    /// A registry that is asked for is added where the file does not name it, and one that we added and that is asked
    /// for no longer is removed, unless somebody has given it a value meanwhile.
    func registriesChange() throws(Refusal) -> Journal.Step.RegistriesChange? {
        let wanted = mirrorNode.spec.desired?.registries ?? []
        let obsolete = decider.added.filter { !wanted.contains($0) }
        guard !wanted.isEmpty || !obsolete.isEmpty else { return nil }
        if let name = wanted.first(where: { !RegistriesFile.isRegistry($0) || RegistriesFile.isLocal($0) }) {
            throw Refusal(
                .invalidSetting,
                "spec.desired.registries names \"\(name)\"; HOST or HOST:PORT of a registry is needed, and not of this "
                    + "host itself"
            )
        }
        let path = distribution.registriesFile
        let present = decider.input.host.registries
        if hasAll(wanted, without: obsolete) { return nil }
        if let fault = decider.registriesFault {
            throw Refusal(.registriesNotEditable, "\(fault); or \(Self.remedy(wanted, path))")
        }
        let names: (present: [String], removes: [String])
        let content: [UInt8]?
        do throws(RegistriesFile.Fault) {
            names = (
                try RegistriesFile.registries(in: present), try RegistriesFile.bare(obsolete, in: present).sorted()
            )
            content = try RegistriesFile.edit(present, adding: wanted, removing: names.removes)
        } catch {
            throw Refusal(
                .registriesNotEditable,
                "\(path) can't be edited: \(error.message); or \(Self.remedy(wanted, path))"
            )
        }
        guard content != present else { return nil }
        return Journal.Step.RegistriesChange(
            previous: present.map { String(decoding: $0, as: UTF8.self) },
            wanted: content.map { String(decoding: $0, as: UTF8.self) },
            adds: wanted.filter { !names.present.contains($0) }.sorted(),
            removes: names.removes
        )
    }

    /// Whether the file has what is asked for, so that nobody need be able to edit it.
    private func hasAll(_ wanted: [String], without obsolete: [String]) -> Bool {
        guard let present = decider.registries, wanted.allSatisfy(present.contains) else { return false }
        return (try? RegistriesFile.bare(obsolete, in: decider.input.host.registries)) == []
    }

    private static func remedy(_ wanted: [String], _ path: String) -> String {
        wanted.isEmpty
            ? "take the keys that p2pmirror added out of \(path) yourself"
            : "write \(wanted.joined(separator: ", ")) below `mirrors:` yourself"
    }
}
