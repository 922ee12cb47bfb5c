import MirrorAPI
import Testing

@Suite("The seeds of Dragonfly through any history of faults, and any crash of the operator")
struct DragonflyPropertyTests {
    @Test("No rule of the lever is broken, and at the end all are back and each scheduler was told", arguments: 0..<4)
    func histories(_ block: Int) {
        var calls = 0
        var quarantines = 0
        for seed in UInt64(block * 12)..<UInt64(block * 12 + 12) {
            var history = DragonflyHistory(seed: seed)
            history.run()
            calls += history.calls
            quarantines += history.quarantines
            #expect(history.violations.isEmpty, "seed \(seed): \(history.violations.prefix(3))")
        }
        print("dragonfly histories \(block * 12) to \(block * 12 + 11): \(quarantines) quarantines, \(calls) calls")
        #expect(calls > 0 && quarantines > 0)
    }

    @Test("A defect that is planted in the lever is found", arguments: LeverDefect.all)
    func planted(_ defect: LeverDefect) {
        let found = (0..<48).first { seed in
            var history = DragonflyHistory(seed: UInt64(seed), defect)
            history.run()
            return history.violations.contains { $0.hasPrefix(defect.finding) }
        }
        print("\"\(defect.name)\" is found by \(defect.finding) in history \(found.map(String.init) ?? "none")")
        #expect(found != nil, "no history of 48 shows \"\(defect.finding)\"")
    }
}
