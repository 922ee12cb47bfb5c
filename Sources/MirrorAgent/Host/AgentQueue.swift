import Dispatch

/// Where the agent runs: a queue of its own has a thread also where all shared ones are taken, and takes none of them.
final class AgentQueue: SerialExecutor {
    private let queue = DispatchQueue(label: "agent")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
