import MirrorAPI
import MirrorPlanner

/// The two files that a step may change, as one change: written before its restart, put back together.
extension Decider {
    /// Whose content a file has.
    private enum FileState {
        case wanted
        case previous
        case foreign
    }

    private func dropInState(_ step: Journal.Step) -> FileState {
        guard let content = input.host.dropIn else {
            if step.dropIn.isEmpty { return .wanted }
            return step.previous == nil ? .previous : .foreign
        }
        guard let present = DropIn.settings(in: content) else { return .foreign }
        if present == step.dropIn { return .wanted }
        return step.previous != nil && present == step.previousDropIn ? .previous : .foreign
    }

    /// `registries.yaml` is compared by its bytes: whatever differs may be somebody's.
    private func registriesState(_ step: Journal.Step) -> FileState {
        guard let change = step.registries else { return .wanted }
        let present = input.host.registries
        if input.host.registriesAttributes?.isLink == true { return .foreign }
        if present == change.wanted.map({ Array($0.utf8) }) { return .wanted }
        return present == change.previous.map { Array($0.utf8) } ? .previous : .foreign
    }

    /// A file that somebody else has changed during the step.
    func foreignFile(of step: Journal.Step) -> String? {
        if dropInState(step) == .foreign { return step.distribution.dropInFile }
        return registriesState(step) == .foreign ? step.distribution.registriesFile : nil
    }

    /// Whether all files are as the step wants them.
    func isWritten(_ step: Journal.Step) -> Bool {
        dropInState(step) == .wanted && registriesState(step) == .wanted
    }

    /// What is to be written until they are; nil where they are, and nothing where that is not possible.
    func missingWrites(of step: Journal.Step) -> [Effect]? {
        var writes: [Effect] = []
        let path = step.distribution.dropInFile
        if dropInState(step) != .wanted {
            if step.dropIn.isEmpty {
                writes.append(.removeFile(path))
            } else {
                let content = try? DropIn.render(
                    step.dropIn,
                    distribution: step.distribution,
                    mirror: input.mirror,
                    unit: step.unit
                )
                guard let content else { return [] }
                writes.append(.writeFile(content, path: path))
            }
        }
        if let change = step.registries, registriesState(step) != .wanted {
            writes.append(Self.put(change.wanted, step.distribution.registriesFile))
        }
        return writes.isEmpty ? nil : writes
    }

    /// Whether a file is there as this step wrote it, so that it is to be put back.
    func mustRestore(_ step: Journal.Step) -> Bool { !restore(step).isEmpty }

    /// Puts back what this step wrote; what somebody else wrote meanwhile stays.
    func restore(_ step: Journal.Step) -> [Effect] {
        var effects: [Effect] = []
        if dropInState(step) == .wanted, step.previousDropIn != step.dropIn {
            effects.append(Self.put(step.previous, step.distribution.dropInFile))
        }
        if let change = step.registries, registriesState(step) == .wanted {
            effects.append(Self.put(change.previous, step.distribution.registriesFile))
        }
        return effects
    }

    private static func put(_ content: String?, _ path: String) -> Effect {
        content.map { .writeFile(Array($0.utf8), path: path) } ?? .removeFile(path)
    }

    func syncNames(of step: Journal.Step) -> [Effect] {
        [.syncNames(besides: step.distribution.dropInFile)]
            + (step.registries == nil ? [] : [.syncNames(besides: step.distribution.registriesFile)])
    }

    /// What our drop-in holds now; empty where there is none, and nil where it is not as we write it.
    var presentDropIn: DropIn.Settings? {
        guard let content = input.host.dropIn else { return DropIn.Settings() }
        return DropIn.settings(in: content)
    }

    /// Why it is not known what our files hold, as a sentence; nil where it is.
    var ownBlindSpot: String? {
        distribution.flatMap { input.host.ownBlindSpot($0) }.map { "what our files hold can't be told: \($0)" }
    }

    /// Whether nothing of ours is on this host.
    var isClean: Bool { input.host.dropIn == nil && added.isEmpty }

    /// Registries that are ours in the file that the service reads now.
    var added: [String] {
        journal.places?.registriesFile == input.host.places.registriesFile ? journal.added : []
    }

    /// Whether the service reads its files where the last step put ours.
    var isAtItsPlaces: Bool { journal.places == input.host.places.ofFiles }
}
