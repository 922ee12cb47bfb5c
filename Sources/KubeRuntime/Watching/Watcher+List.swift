public import KubeCore

extension Watcher {
    /// Smaller pages are not asked for: a collection of the largest size would need more than a list may have.
    private static var leastPageSize: Int { ListBounds.objects / ListBounds.pages }

    /// A page of the list came.
    public mutating func listed(
        _ page: ObjectPage<Object>,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        guard let version = page.resourceVersion, !version.isEmpty else {
            let error = KubeError(.protocolViolation, "metadata.resourceVersion of the list is missing; need a version")
            return listFailed(error, at: now, using: &generator)
        }
        do throws(KubeError) {
            try bounds.take(objects: page.objects.count + page.unreadable.count)
            if let continuation = page.continuation, !continuation.isEmpty { try bounds.follow(continuation) }
        } catch {
            return fail(error, .list(.pageRefused), now, &generator)
        }
        pageFailures = 0
        let update = StoreUpdate<Object>.page(page.objects, unreadable: page.unreadable)
        if let continuation = page.continuation, !continuation.isEmpty {
            state = .listing(continuation: continuation)
            return WatcherStep(updates: [update], next: .list(continuation: continuation))
        }
        listEnded(version, at: now)
        return WatcherStep(
            updates: [update, .relistEnded(resourceVersion: version)],
            next: openWatch(using: &generator)
        )
    }

    /// A page of the list could not be had.
    public mutating func listFailed(
        _ error: KubeError,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        if error.isGone { return versionRefused(.expired, error, at: now, using: &generator) }
        if error.code == .tooLarge {
            // A page of large objects may be one that fewer of them fit into: at once, and from then on for good.
            let smaller = min(pageSize, max(Self.leastPageSize, pageSize / 4))
            guard smaller < pageSize else { return fail(error, .list(.pageRefused), now, &generator) }
            pageSize = smaller
            return listByPages(.relist(.pageRefused))
        }
        guard case .listing(let continuation) = state else { return fail(error, .list(.initial), now, &generator) }
        pageFailures += 1
        if continuation != nil, !error.isTransient || pageFailures >= 3 {
            pageFailures = 0
            return fail(error, .list(.pageRefused), now, &generator)
        }
        // The same page again: its token holds for minutes, and the pages before it are in the store.
        return fail(error, .page(continuation: continuation), now, &generator)
    }

    mutating func relist(
        _ reason: WatcherNote.Relist,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        // A stream that breaks again and again, as behind a proxy that cuts long answers, is not insisted on.
        guard usesStreamingLists, brokenStreams < 2 else { return listByPages(.relist(reason)) }
        return WatcherStep(updates: [.relistBegan], note: .relist(reason), next: openList(using: &generator))
    }

    private mutating func listByPages(_ note: WatcherNote) -> WatcherStep<Object> {
        state = .listing(continuation: nil)
        bounds = ListBounds(objects: server.objectLimit)
        return WatcherStep(updates: [.relistBegan], note: note, next: .list(continuation: nil))
    }

    mutating func openList(using generator: inout some RandomNumberGenerator) -> WatcherAction {
        state = .openingList
        bounds = ListBounds(objects: server.objectLimit)
        return .streamList(timeout: watchLength(using: &generator))
    }

    /// An event of a streaming list that has not ended: its objects come in no order of versions, so that only the
    /// bookmark at the end moves ours.
    mutating func receivedInitial(
        _ event: WatchEvent<Object>,
        isFirst: Bool,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        let next = WatcherAction.read(within: configuration.catchUpTimeout)
        do throws(KubeError) {
            try bounds.take(objects: 1)
        } catch {
            return streamBroke(error, at: now, using: &generator)
        }
        switch event {
        case .added(let object), .modified(let object):
            return WatcherStep(updates: [.page([object], unreadable: [])], next: next)
        case .deleted(let object):
            return WatcherStep(updates: [.gone(object.key, resourceVersion: nil)], next: next)
        case .bookmark(let version, true):
            state = .watching(OpenWatch(since: now, events: 1))
            listEnded(version, at: now)
            return WatcherStep(updates: [.relistEnded(resourceVersion: version)], next: nextRead(at: now))
        case .bookmark(_, false):
            let message = "the server sent a bookmark before the one that ends the initial events"
            return withoutStreaming(KubeError(.protocolViolation, message))
        case .unknown:
            return WatcherStep(next: next)
        case .error(let status):
            let error = Self.error(status)
            // Servers say by an event, too, that they can't begin.
            return isFirst
                ? streamRefused(error, at: now, using: &generator) : streamBroke(error, at: now, using: &generator)
        }
    }

    /// The streaming list was not accepted: for long, where the server says that it has no such thing. One that fails
    /// at it is asked for pages at once, as client-go does.
    mutating func streamRefused(
        _ error: KubeError,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        if error.refusesStreamingLists { return withoutStreaming(error) }
        if error.isGone || error.isVersionTooLarge { return streamBroke(error, at: now, using: &generator) }
        if error.httpStatus == 500 {
            brokenStreams = 2
            return listByPages(.relist(.interrupted))
        }
        if error.httpStatus == 504 {
            // As of a server whose cache never gets as far as its database: it may answer lists by pages all the same.
            brokenStreams += 1
            if brokenStreams >= 2 { return fail(error, .list(.interrupted), now, &generator) }
        }
        // Nothing has come: the store's list has not begun, and need not begin anew.
        return fail(error, .streamingList, now, &generator)
    }

    /// The streaming list was accepted and did not come to its end.
    mutating func streamBroke(
        _ error: KubeError,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        if error.code == .timeout {
            // A server may pass over parameters that it does not know: the objects came then, and no end of them.
            return withoutStreaming(error)
        }
        brokenStreams += 1
        return fail(error, .list(.interrupted), now, &generator)
    }

    private mutating func withoutStreaming(_ error: KubeError) -> WatcherStep<Object> {
        server.lacks(.streamingLists)
        return listByPages(.noStreamingLists(error))
    }
}

extension KubeError {
    /// Whether the server says that it has no streaming lists: that it does not know the parameters, or that the
    /// feature is off. kube-apiserver says so with status 500 where etcd is older than 3.5 and can't tell how far a
    /// watch has come (kubernetes/apiserver, pkg/storage/cacher/cacher.go: "the required storage feature ... is
    /// disabled").
    fileprivate var refusesStreamingLists: Bool {
        if [400, 405, 406, 415, 422, 501].contains(httpStatus ?? 0) { return true }
        return httpStatus == 500 && status?.message?.contains("storage feature") == true
    }
}
