/// From where to where the kubelet removes images that nobody uses, in percent of the volume.
///
/// A seed that leaves the set below its beginning may never come back: nothing makes room.
package struct ImageCleanUp: Codable, Hashable, Sendable {
    package var beginsAtPercent: Int
    package var endsAtPercent: Int

    package init(beginsAtPercent: Int, endsAtPercent: Int) {
        self.beginsAtPercent = beginsAtPercent
        self.endsAtPercent = endsAtPercent
    }

    /// What a node's files ask of its kubelet; the kubelet's own values (kubernetes
    /// `pkg/kubelet/apis/config/v1beta1/defaults.go`) where they ask for none.
    ///
    /// Nil where a configuration file of the kubelet's is named, which may say otherwise, or where a value is no
    /// percentage.
    package init?(_ configuration: MergedConfiguration) {
        let arguments = (configuration.values(of: "kubelet-arg") ?? []).map { argument in
            argument.drop { $0 == "-" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        }
        func value(_ name: Substring) -> Substring? { arguments.last { $0.first == name && $0.count == 2 }?[1] }
        guard value("config") == nil, value("config-dir") == nil else { return nil }
        let begins = value("image-gc-high-threshold").map { Int($0) } ?? 85
        let ends = value("image-gc-low-threshold").map { Int($0) } ?? 80
        guard let begins, let ends, (0...100).contains(begins), (0...100).contains(ends) else { return nil }
        self.init(beginsAtPercent: begins, endsAtPercent: ends)
    }
}
