import KubeCore
import MirrorAPI

extension PodEvidence {
    init(_ reading: PodReading) {
        self.init(
            isReady: reading.state == .ready,
            isDeleting: reading.state == .deleting,
            isCrashLooping: reading.state == .crashLooping,
            complaint: reading.message
        )
    }
}

extension Figures {
    init(_ figures: HostFigures, at heard: Timestamp) {
        var cleanUp: CleanUp?
        if let begins = figures.cleanUpBeginsAtPercent, let ends = figures.cleanUpEndsAtPercent {
            cleanUp = CleanUp(beginsAtPercent: begins, endsAtPercent: ends)
        }
        self.init(
            at: heard,
            diskUsedPercent: figures.diskUsedPercent,
            inodesUsedPercent: figures.inodesUsedPercent,
            memoryAvailablePercent: figures.memoryAvailablePercent,
            ioPressurePercent: figures.ioPressurePercent,
            networkErrorPercent: figures.networkErrorPercent,
            fileDescriptorsUsedPercent: figures.fileDescriptorsUsedPercent,
            cleanUp: cleanUp
        )
    }
}
