/// What one run of `spegel-bootstrap` came to: with the operator, or without it.
package struct SpegelRun: Hashable, Sendable {
    /// The first Pod while it was alone.
    package var alone: SpegelFigures
    /// Whether it was ready then.
    package var aloneWasReady: Bool
    /// Seconds until three Pods had found each other, and until the whole fleet was ready.
    package var threeAfter: Double
    package var fleetAfter: Double
    /// Pods before the newcomer.
    package var fleet: Int
    /// Addresses that died, lowest first.
    package var dead: [String]
    /// Seconds until the kubelet had marked the last of them not ready; nil where it has not.
    package var notReadyAfter: Double?
    /// Seconds until the last of them had left the candidate set; nil where none left.
    package var evictedAfter: Double?
    /// Nodes whose Pods are out of the set at the end.
    package var evicted: [String]
    /// Nodes whose Pods died.
    package var deadNodes: [String]
    /// The newcomer at the end of its window.
    package var newcomer: SpegelFigures
    /// Whether its Pod became ready.
    package var newcomerIsReady: Bool
    /// Seconds that it was given.
    package var window: Int

    package init(
        alone: SpegelFigures,
        aloneWasReady: Bool,
        threeAfter: Double,
        fleetAfter: Double,
        fleet: Int,
        dead: [String],
        deadNodes: [String],
        notReadyAfter: Double? = nil,
        evictedAfter: Double? = nil,
        evicted: [String] = [],
        newcomer: SpegelFigures,
        newcomerIsReady: Bool,
        window: Int
    ) {
        self.alone = alone
        self.aloneWasReady = aloneWasReady
        self.threeAfter = threeAfter
        self.fleetAfter = fleetAfter
        self.fleet = fleet
        self.dead = dead
        self.deadNodes = deadNodes
        self.notReadyAfter = notReadyAfter
        self.evictedAfter = evictedAfter
        self.evicted = evicted
        self.newcomer = newcomer
        self.newcomerIsReady = newcomerIsReady
        self.window = window
    }

    /// Lookups that a newcomer has at least made before it counts as one that does not connect.
    package static let leastLookups = 3

    /// Why the symptom is not in this run, which is the one without the operator; nil where it is.
    package var missingSymptom: String? {
        if let wrong = missingStart { return wrong }
        if let after = newcomer.connectedAfter {
            return "the newcomer found a peer after \(Self.text(after)) s although the three lowest addresses are dead"
        }
        if newcomerIsReady { return "the newcomer was ready" }
        if newcomer.lookups < Self.leastLookups {
            return "the newcomer made \(newcomer.lookups) lookups in \(window) s, fewer than \(Self.leastLookups)"
        }
        if newcomer.dials == 0 || newcomer.dials != newcomer.failedDials {
            return "\(newcomer.failedDials) of the newcomer's \(newcomer.dials) dials failed, not all"
        }
        if notReadyAfter == nil { return "the kubelet did not notice that the three are dead" }
        return nil
    }

    /// Why this run, with the operator, is no cure; nil where it is.
    package var missingCure: String? {
        if let wrong = missingStart { return wrong }
        if evicted != deadNodes {
            return "out of the candidate set are \(Self.list(evicted)), and dead are \(Self.list(deadNodes))"
        }
        guard let after = newcomer.connectedAfter, after < Double(window) else {
            return "the newcomer found nobody within \(window) s"
        }
        if newcomer.failedDials == 0 { return "the newcomer never dialled a dead one: it was not there in time" }
        if !newcomerIsReady { return "the newcomer found peers, and its Pod did not become ready" }
        return nil
    }

    private var missingStart: String? {
        if aloneWasReady || alone.peers > 0 { return "a Pod that was alone found a peer" }
        if alone.lookups < 2 { return "a Pod that was alone made \(alone.lookups) lookups" }
        return nil
    }

    static func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }

    static func text(_ seconds: Double) -> String { WindowTable.rounded(seconds) }
}

/// The two runs side by side as a table for people.
package enum SpegelTable {
    package static func lines(control: SpegelRun, cure: SpegelRun) -> [String] {
        func row(_ title: String, _ value: (SpegelRun) -> String) -> [String] {
            [title, value(control), value(cure)]
        }
        func seconds(_ value: Double?) -> String { value.map { "\(SpegelRun.text($0)) s" } ?? "-" }
        return TextTable.lines([
            ["", "without", "with the operator"],
            row("one Pod alone: lookups") { "\($0.alone.lookups)" },
            row("one Pod alone: peers found") { "\($0.alone.peers)" },
            row("three Pods: until all three are connected") { seconds($0.threeAfter) },
            row("\(control.fleet) Pods: until all are ready") { seconds($0.fleetAfter) },
            row("three lowest addresses dead: until not ready") { seconds($0.notReadyAfter) },
            row("three lowest addresses dead: until out of the set") { seconds($0.evictedAfter) },
            row("newcomer: lookups") { "\($0.newcomer.lookups)" },
            row("newcomer: dials of what DNS gave") { "\($0.newcomer.dials)" },
            row("newcomer: dials that failed") { "\($0.newcomer.failedDials)" },
            row("newcomer: connected after its start") { run in
                run.newcomer.connectedAfter.map { "\(SpegelRun.text($0)) s" } ?? "not within \(run.window) s"
            },
            row("newcomer: peers in the end") { "\($0.newcomer.peers)" },
        ])
    }
}
