public import KubeCore

/// The figures of a watcher; the defaults are those of client-go, with KOPF's idea of bookmarks as a sign of life.
///
/// After `idleTimeout` of silence the server is asked, for at most `checkTimeout`, and then owes a bookmark within
/// `bookmarkTimeout`: a watch that is dead without a word is found within 140 s, and one whose server does not answer
/// within 75 s.
public struct WatcherConfiguration: Hashable, Sendable {
    /// Whether lists are asked for as streams, from a server that has them.
    public var streamingLists = true
    /// Objects in one page of a list.
    public var pageSize = 500
    /// After how many seconds the server ends a watch, drawn for each watch so that many clients do not return at once.
    public var watchSeconds: ClosedRange<Int> = 300...600
    /// After how long a silence of a watch the server is asked; it sends a bookmark about every minute, but none for a
    /// kind in which nothing has happened since the watch was opened.
    public var idleTimeout = Duration.seconds(70)
    /// Time for the live read that follows such a silence.
    public var checkTimeout = Duration.seconds(5)
    /// How long the watch may then take to bring the version that the live read has shown: bookmarks come once a
    /// minute, in turns of a second.
    public var bookmarkTimeout = Duration.seconds(65)
    /// Length of a watch that is opened to find out whether anything was missed: two seconds before its end the server
    /// sends a bookmark, if it has any to send (kubernetes/apiserver, pkg/storage/cacher/cache_watcher.go).
    public var proofSeconds = 5
    /// How long the server may be late with the end of a watch.
    public var endTimeout = Duration.seconds(30)
    /// The longest silence of a server that owes something: the rest of a streaming list, or a version that a live read
    /// has shown and the watch has not.
    public var catchUpTimeout = Duration.seconds(10)
    /// Delays after failures.
    public var backoff = Backoff.watching
    /// After how long without a failure the delays begin anew.
    public var healthyAfter = Duration.seconds(120)
    /// A watch that ends sooner than this without an event counts as a failure.
    public var shortestWatch = Duration.seconds(1)

    /// The defaults.
    public init() {}
}

/// What the shell of a watcher has to do next.
public enum WatcherAction: Hashable, Sendable {
    /// Ask for a page of the list; nil for the first one.
    case list(continuation: String?)
    /// Open a streaming list, which goes on as a watch; the server ends it after `timeout`.
    case streamList(timeout: Duration)
    /// Open a watch that the server ends after `timeout`.
    case watch(resourceVersion: String, timeout: Duration)
    /// Read the next event of the open watch; where none comes within that time, call `heardNothing` and leave the
    /// watch open. Nil stands for the configuration's `idleTimeout`.
    case read(within: Duration?)
    /// Ask the server for the present version of the collection, then call `checked` or `checkFailed`. The watch stays
    /// open meanwhile.
    case check
    /// Do nothing for so long, then call `waited`.
    case wait(Duration)
}

/// What happened that is worth a log line and a metric.
public enum WatcherNote: Hashable, Sendable {
    /// Why a list is asked for.
    public enum Relist: String, Hashable, Sendable {
        /// The first list.
        case initial
        /// 410: the server has forgotten the version.
        case expired
        /// The server has not reached the version, as after a restore of its database.
        case tooLarge
        /// The watch did not bring what the server has: after a silence a live read showed a newer version that a new
        /// watch did not reach either, or two watches in a row brought nothing but their end or an error.
        case silent
        /// Somebody has to know that nothing was missed, and the watch is one that does not tell.
        case demanded
        /// The streaming list ended before its end.
        case interrupted
        /// A page of the list was refused again and again.
        case pageRefused
    }

    /// Why a watch is opened again without a list.
    public enum Restart: String, Hashable, Sendable {
        /// The server ended it in good order.
        case ended
        /// A live read showed a newer version, and the watch did not bring it.
        case idle
        /// It broke or was refused.
        case failed
    }

    /// A list begins.
    case relist(Relist)
    /// The server has no streaming lists: the list begins anew by pages, and so do all later ones.
    case noStreamingLists(KubeError)
    /// The server sends no bookmarks for a kind in which nothing happens: silence is no sign of anything there.
    case noBookmarks
    /// The watch is silent: the server is asked by a live read.
    case silence
    /// A watch is opened again at once.
    case restart(Restart)
    /// Something failed; the next attempt is made after `delay`.
    case failure(KubeError, delay: Duration)
}

/// The outcome of one event for a watcher: what the store has to take over, then what to do.
public struct WatcherStep<Object: KubeObject>: Hashable, Sendable {
    /// For the store, in order.
    public var updates: [StoreUpdate<Object>]
    /// For logs and metrics.
    public var note: WatcherNote?
    /// To be done after that.
    public var next: WatcherAction

    /// Creates a step.
    public init(updates: [StoreUpdate<Object>] = [], note: WatcherNote? = nil, next: WatcherAction) {
        self.updates = updates
        self.note = note
        self.next = next
    }
}

extension KubeError {
    /// The server has not seen the version asked for (`Too large resource version`): it was restored, or lags behind.
    var isVersionTooLarge: Bool {
        status?.details?.causes?.contains { $0.reason == "ResourceVersionTooLarge" } == true
            || status?.message?.contains("Too large resource version") == true
    }
}
