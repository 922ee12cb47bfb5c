import KubeCore

/// The rules of DaemonSets and Services that no schema says.
///
/// Source: `pkg/registry/apps/daemonset/strategy.go`, `pkg/apis/apps/validation` and `pkg/apis/core/validation` of
/// kubernetes.
enum WorkloadRules {
    /// The annotation that counts the versions of a DaemonSet's template.
    static let templateGeneration = "deprecated.daemonset.template.generation"

    /// A DaemonSet with the number of its template's version, which only the server counts.
    static func numbered(_ daemonSet: JSONValue, old: JSONValue?) -> JSONValue {
        var daemonSet = daemonSet
        let place = ["metadata", "annotations", templateGeneration]
        let before = old?.at(place)?.stringValue.flatMap { Int64($0) } ?? 0
        let template = ["spec", "template"]
        let isSame = old != nil && old?.at(template) == daemonSet.at(template)
        daemonSet.put(.string(String(isSame ? max(1, before) : before + 1)), at: place)
        return daemonSet
    }

    /// What is wrong with a DaemonSet.
    static func daemonSetFaults(_ object: JSONValue, old: JSONValue?) -> [FieldFault] {
        var faults = templateFaults(object, of: "daemonset")
        let selector = object.at(["spec", "selector"]) ?? .null
        if let old, old.at(["spec", "selector"]) != selector {
            faults.append(.invalid("spec.selector", selector, "field is immutable"))
        }
        let strategy = object.at(["spec", "updateStrategy", "type"]) ?? .null
        if !["RollingUpdate", "OnDelete"].contains(strategy.stringValue ?? "") {
            faults.append(.unsupported("spec.updateStrategy.type", strategy, ["RollingUpdate", "OnDelete"]))
        }
        return faults
    }

    /// What is wrong with a StatefulSet.
    static func statefulSetFaults(_ object: JSONValue, old: JSONValue?) -> [FieldFault] {
        var faults = templateFaults(object, of: "statefulset")
        let changeable: Set<String> = [
            "replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds", "revisionHistoryLimit",
        ]
        if let old, old["spec"]?.without(changeable) != object["spec"]?.without(changeable) {
            faults.append(
                .forbidden(
                    "spec",
                    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                        + "'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
                )
            )
        }
        return faults
    }

    /// What is wrong with a ConfigMap.
    static func configMapFaults(_ object: JSONValue, old: JSONValue?) -> [FieldFault] {
        guard let old, old["immutable"]?.boolValue == true else { return [] }
        var faults: [FieldFault] = []
        if object["immutable"]?.boolValue != true {
            faults.append(.forbidden("immutable", "field is immutable when `immutable` is set"))
        }
        for field in ["data", "binaryData"] where object[field] != old[field] {
            faults.append(.forbidden(field, "field is immutable when `immutable` is set"))
        }
        return faults
    }

    /// What is wrong with the selector of a workload and the template of its Pods.
    private static func templateFaults(_ object: JSONValue, of kind: String) -> [FieldFault] {
        var faults: [FieldFault] = []
        let selector = object.at(["spec", "selector"]) ?? .null
        if selector.isEmptyOrNull {
            faults.append(.invalid("spec.selector", selector, "empty selector is invalid for \(kind)"))
        }
        let labels = object.stringMap(["spec", "template", "metadata", "labels"])
        let wanted = object.stringMap(["spec", "selector", "matchLabels"])
        if !wanted.allSatisfy({ labels[$0.key] == $0.value }) {
            faults.append(
                .invalid(
                    "spec.template.metadata.labels",
                    .object(labels.mapValues { .string($0) }),
                    "`selector` does not match template `labels`"
                )
            )
        }
        if (object.at(["spec", "template", "spec", "containers"])?.arrayValue ?? []).isEmpty {
            faults.append(.required("spec.template.spec.containers"))
        }
        return faults
    }

    /// What is wrong with a Service.
    ///
    /// - Parameter others: the other Services, which have node ports of their own.
    static func serviceFaults(_ object: JSONValue, old: JSONValue?, others: [JSONValue]) -> [FieldFault] {
        var faults: [FieldFault] = []
        let address = object.at(["spec", "clusterIP"]) ?? ""
        let ports = object.at(["spec", "ports"])?.arrayValue ?? []
        if let old, let before = old.at(["spec", "clusterIP"]), before != address {
            faults.append(.invalid("spec.clusterIPs[0]", address, "may not change once set"))
        }
        if ports.isEmpty, address != "None", object.at(["spec", "type"]) != "ExternalName" {
            faults.append(.required("spec.ports"))
        }
        let taken = Set(others.flatMap { $0.at(["spec", "ports"])?.arrayValue ?? [] }.compactMap { $0["nodePort"] })
        for (index, port) in ports.enumerated() {
            guard let number = port["nodePort"] else { continue }
            let field = "spec.ports[\(index)].nodePort"
            if !(30_000...32_767).contains(number.intValue ?? 0) {
                let range = "provided port is not in the valid range. The range of valid ports is 30000-32767"
                faults.append(.invalid(field, number, range))
            } else if taken.contains(number) {
                faults.append(.invalid(field, number, "provided port is already allocated"))
            }
        }
        return faults
    }
}
