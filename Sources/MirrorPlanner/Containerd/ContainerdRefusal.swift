/// Why a containerd would not work with its files at its next start.
package struct ContainerdRefusal: Error, Hashable, Sendable {
    package enum Effect: Hashable, Sendable {
        /// The whole program ends at once.
        case start
        /// It starts without CRI, so that the kubelet has no runtime.
        case plugin
    }

    package var effect: Effect
    /// The file that brings it in; empty where it is not known yet.
    package var file: String
    /// A part of a sentence, without the file.
    package var what: String
    /// What would be right: an order.
    package var cure: String

    init(_ effect: Effect, _ what: String, file: String = "", cure: String) {
        self.effect = effect
        self.file = file
        self.what = what
        self.cure = cure
    }

    /// A sentence without a full stop.
    package var sentence: String {
        let end =
            switch effect {
            case .start: "containerd does not start with it"
            case .plugin: "containerd starts without CRI, which the kubelet needs"
            }
        return "\(file): \(what), so that \(end); \(cure)"
    }
}
