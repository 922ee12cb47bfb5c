import KubeCore

/// The conditions of a Node that say something of a seed on it.
enum NodeConditionType: String, CaseIterable {
    case ready = "Ready"
    case diskPressure = "DiskPressure"
    case memoryPressure = "MemoryPressure"
    case pidPressure = "PIDPressure"
    case networkUnavailable = "NetworkUnavailable"

    /// Whether a condition with that status is a complaint: Ready is wrong unless it is True, the others when they are.
    func isComplaint(_ status: String?) -> Bool { (status == "True") != (self == .ready) }
}
