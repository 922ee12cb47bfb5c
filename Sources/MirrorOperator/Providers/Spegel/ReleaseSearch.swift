import KubeCore
import MirrorAPI
import MirrorPlanner

/// Looks for an adopted release that is not seen any more, in the API server itself: that nothing is found by the name
/// of the application does not say that it is gone. Helm puts the release's name on all that it makes, and
/// `nameOverride` does not change that.
struct ReleaseSearch {
    private let api: KubeAPI

    init(_ api: KubeAPI) { self.api = api }

    /// Whether there is no DaemonSet and no pod of the release; nil where nobody needs to know, or where it can't be
    /// told.
    func isGone(_ fleet: SpegelFleet) async -> Bool? {
        guard let adopt = fleet.spegel.adopt, fleet.isReleaseMissed else { return nil }
        let options = ListOptions(
            namespace: fleet.names.namespace,
            labelSelector: "\(SpegelNames.instanceLabel)=\(adopt.release)",
            limit: 1
        )
        do throws(KubeError) {
            for resource in [DaemonSetKind.resource, Pod.resource] {
                let page: JSONValue = try await api.send(.list(resource, options))
                // An empty list may be null; what has no items is no list.
                guard let items = page["items"], items == .null || items.arrayValue != nil else { return nil }
                if items.arrayValue?.isEmpty == false { return false }
            }
            return true
        } catch {
            // Not known is not gone.
            return nil
        }
    }
}
