import KubeCore
package import KubeRuntime
import Logging
import MirrorAPI
package import MirrorPlanner
import Synchronization

/// Tells people what a plan notes, once for each text: as an Event on the mirror and as a log line with the same words.
///
/// A note that a pass repeats is no news. It becomes news again after a pass without it.
package final class NoteRecorder: Sendable {
    private let emit: @Sendable (EventOccurrence) -> Void
    private let known = Mutex<[String: Set<Note>]>([:])

    package init(_ emit: @escaping @Sendable (EventOccurrence) -> Void) {
        self.emit = emit
    }

    package func record(_ notes: [Note], about mirror: ObservedMirror) {
        let name = mirror.metadata.name
        let before = known.withLock { known in
            defer { known[name] = Set(notes) }
            return known[name] ?? []
        }
        for note in notes where !before.contains(note) {
            log(note)
            emit(
                EventOccurrence(
                    regarding: Event.Reference(to: mirror),
                    kind: note.severity == .warning ? .warning : .normal,
                    reason: note.reason.rawValue,
                    note: note.message
                )
            )
        }
    }

    /// Drops what is remembered of a mirror that is gone.
    package func forget(_ mirror: String) {
        known.withLock { $0[mirror] = nil }
    }

    private func log(_ note: Note) {
        var metadata: Logger.Metadata = ["reason": "\(note.reason.rawValue)"]
        if let node = note.node { metadata["node"] = "\(node)" }
        let level: Logger.Level = note.severity == .warning ? .warning : .notice
        Logger.current.log(level: level, "\(note.message)", metadata: metadata)
    }
}
