package import KubeCore

/// What the kubelet knows of a Pod, and how it writes it.
package struct PodReport: Hashable, Sendable {
    package var ip: String
    package var hostIP: String
    /// Whether its process runs.
    package var isRunning: Bool
    package var isStarted: Bool
    package var isReady: Bool
    package var restarts: Int

    package init(ip: String, hostIP: String, isRunning: Bool, isStarted: Bool, isReady: Bool, restarts: Int) {
        self.ip = ip
        self.hostIP = hostIP
        self.isRunning = isRunning
        self.isStarted = isStarted
        self.isReady = isReady
        self.restarts = restarts
    }

    /// The status of a Pod; times of what has not changed stay.
    package func status(of pod: JSONValue, now: Timestamp) -> JSONValue {
        let old = pod["status"] ?? [:]
        let time = JSONValue.string(now.description)
        let isReady = isRunning && isReady
        let conditions = [
            ("PodScheduled", true, nil), ("Initialized", true, nil),
            ("ContainersReady", isReady, "ContainersNotReady"), ("Ready", isReady, "ContainersNotReady"),
        ].map { (type: String, holds: Bool, reason: String?) in
            Self.condition(type, holds, reason, old, time)
        }
        let main = pod.at(["spec", "containers"])?.arrayValue ?? []
        let before = pod.at(["spec", "initContainers"])?.arrayValue ?? []
        var status: JSONValue = [
            "phase": "Running", "podIP": .string(ip), "podIPs": [["ip": .string(ip)]], "hostIP": .string(hostIP),
            "hostIPs": [["ip": .string(hostIP)]], "startTime": old["startTime"] ?? time, "qosClass": "Burstable",
            "conditions": .array(conditions),
            "containerStatuses": .array(main.map { container($0, old["containerStatuses"], isReady, time) }),
        ]
        if !before.isEmpty {
            status["initContainerStatuses"] = .array(before.map { done($0, old["initContainerStatuses"], time) })
        }
        return status
    }

    private static func condition(
        _ type: String,
        _ holds: Bool,
        _ reason: String?,
        _ old: JSONValue,
        _ time: JSONValue
    ) -> JSONValue {
        let status: JSONValue = holds ? "True" : "False"
        let before = (old["conditions"]?.arrayValue ?? []).first { $0["type"]?.stringValue == type }
        var condition: JSONValue = ["type": .string(type), "status": status]
        condition["lastTransitionTime"] = before?["status"] == status ? before?["lastTransitionTime"] ?? time : time
        if !holds, let reason { condition["reason"] = .string(reason) }
        return condition
    }

    private func container(
        _ container: JSONValue,
        _ old: JSONValue?,
        _ isReady: Bool,
        _ time: JSONValue
    ) -> JSONValue {
        let before = (old?.arrayValue ?? []).first { $0["name"] == container["name"] }
        let isSame = before?["restartCount"]?.intValue == Int64(restarts)
        let running = before?.at(["state", "running"])
        var status: JSONValue = [
            "name": container["name"] ?? "", "image": container["image"] ?? "", "ready": .bool(isReady),
            "started": .bool(isStarted), "restartCount": .int(Int64(restarts)),
        ]
        if isRunning {
            status["state"] = ["running": isSame ? running ?? ["startedAt": time] : ["startedAt": time]]
        } else {
            status["state"] = ["waiting": ["reason": restarts == 0 ? "ContainerCreating" : "CrashLoopBackOff"]]
        }
        status["lastState"] = before?["lastState"]
        if !isSame, running != nil {
            status["lastState"] = ["terminated": ["reason": "Error", "exitCode": 137, "finishedAt": time]]
        }
        return status
    }

    private func done(_ container: JSONValue, _ old: JSONValue?, _ time: JSONValue) -> JSONValue {
        let before = (old?.arrayValue ?? []).first { $0["name"] == container["name"] }
        let end = before?.at(["state", "terminated", "finishedAt"]) ?? time
        return [
            "name": container["name"] ?? "", "image": container["image"] ?? "", "ready": true, "started": false,
            "restartCount": 0,
            "state": ["terminated": ["reason": "Completed", "exitCode": 0, "startedAt": end, "finishedAt": end]],
        ]
    }
}
