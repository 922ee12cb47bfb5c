/// Why an operation on the host's files was not done, and what to do about it.
package struct HostError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// The file system has no room, or its quota is used up.
        case noSpace
        /// The file system is mounted read-only.
        case readOnly
        /// The agent's rights do not suffice.
        case notPermitted
        /// A symbolic link stands where a file of ours belongs, or links go round in circles.
        case symbolicLink
        /// A file stands where a directory is needed, or the other way round.
        case wrongKind
        /// A file is larger than any that is expected there.
        case tooLarge
        /// A link leads to where this agent sees nothing, whatever is there on the host.
        case linkToNowhere
        /// A name that can't be told as text.
        case nameNotText
        /// A file holds what no release of ours writes.
        case unreadable
        /// Anything else that the kernel says.
        case failed
        /// The process ends here: only simulations see it.
        case interrupted
    }

    package var code: Code
    /// What was being done, such as `write`.
    package var operation: String
    /// From the root of the host.
    package var path: String
    /// The kernel's word, or ours.
    package var detail: String

    package init(_ code: Code, _ operation: String, _ path: String, _ detail: String) {
        self.code = code
        self.operation = operation
        self.path = path
        self.detail = detail
    }

    package var description: String { "\(operation) \(path): \(detail)\(remedy.map { "; \($0)" } ?? "")" }

    private var remedy: String? {
        switch code {
        case .noSpace: "free space on that file system; nothing was written"
        case .readOnly: "mount that file system read-write, or configure this node by the tool that writes its files"
        case .notPermitted: "give the agent's container write access to that directory of the host"
        case .symbolicLink: "replace the link by a plain file or remove it"
        case .wrongKind, .tooLarge: "move it away if it is not needed"
        case .linkToNowhere:
            "put a file in place of the link, or move what it leads to below \(AgentPath.configurations), the only "
                + "part of the host's configuration that this agent has"
        case .nameNotText: "rename it"
        case .unreadable: "remove it once no change of this node is under way"
        case .failed, .interrupted: nil
        }
    }
}
