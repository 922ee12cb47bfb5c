import KubeCore
import KubeRuntime
import Testing

/// That the checks of the conformance test find what they are for.
@Suite struct StoreRecorderTests {
    private let recorder = StoreRecorder()

    private func lease(_ version: Int, uid: String = "u") -> Lease {
        Lease(metadata: ObjectMeta(name: "a", uid: uid, resourceVersion: "\(version)"))
    }

    private func saw(_ old: Lease?, _ new: Lease?) {
        recorder.saw([StoreChange(key: ObjectKey(name: "a"), old: old, new: new)])
    }

    private func outcome(writes: [Lease], live: [Lease] = []) -> StoreRecorder.Outcome {
        recorder.outcome(of: writes.map { ObjectState($0.metadata) }, live)
    }

    @Test func `a life without a fault has none`() {
        for version in 1...2 { recorder.handed(lease(version).metadata) }
        saw(nil, lease(1))
        saw(lease(1), lease(2))
        saw(lease(2), nil)
        #expect(recorder.faults.isEmpty)
        #expect(outcome(writes: [lease(1), lease(2)]) == StoreRecorder.Outcome(seen: 2))
    }

    @Test func `an event that is applied twice, or out of order, is found`() {
        saw(nil, lease(2))
        saw(lease(2), lease(2))
        saw(lease(2), lease(1))
        #expect(recorder.faults.count == 2)
    }

    @Test func `a change that does not begin where the last one ended is found`() {
        saw(nil, lease(1))
        saw(lease(3), lease(4))
        #expect(recorder.faults.count == 1)
    }

    @Test func `a write that never came is lost, and one that a later version hides is not`() {
        recorder.handed(lease(5).metadata)
        let outcome = outcome(writes: [lease(4), lease(6)], live: [lease(6)])
        #expect(outcome.superseded == 1)
        #expect(outcome.lost == ["u 6"])
    }

    @Test func `an object that is gone and was never taken out is found`() {
        saw(nil, lease(1))
        #expect(outcome(writes: []).undeleted == ["u"])
    }
}
