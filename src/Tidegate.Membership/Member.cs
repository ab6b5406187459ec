using System.Net;
using Tidegate.Membership.Hosting;

namespace Tidegate.Membership;

/// <summary>
/// This process as a member of a cluster: it knows who else is there, and the others know of it. Speaks the protocol of
/// HashiCorp's memberlist and Serf. All members may be called from any thread; events are raised one after another.
/// </summary>
public sealed class Member : IAsyncDisposable
{
    private readonly MemberEngine _engine;

    private Member(MemberEngine engine)
    {
        _engine = engine;
        Keys = new MemberKeys(engine);
    }

    /// <summary>The view has changed. The argument is the view as it is when this is raised: several changes may lie between two.</summary>
    public event Action<MemberView>? Changed
    {
        add => _engine.Teller.ViewChanged += value;
        remove => _engine.Teller.ViewChanged -= value;
    }

    /// <summary>Something happened to a member, this one included. Each change once, in order; where handlers are so slow that
    /// 65,536 notices wait, what comes next is told as one change from what was told last to what is so then.</summary>
    public event Action<MemberEvent>? MemberChanged
    {
        add => _engine.Teller.MemberChanged += value;
        remove => _engine.Teller.MemberChanged -= value;
    }

    /// <summary>A member has fired an event, this one included.</summary>
    public event Action<UserEvent>? EventReceived
    {
        add => _engine.Teller.EventReceived += value;
        remove => _engine.Teller.EventReceived -= value;
    }

    /// <summary>A member asks something, this one included.</summary>
    public event Action<MemberQuery>? QueryReceived
    {
        add => _engine.Teller.QueryReceived += value;
        remove => _engine.Teller.QueryReceived -= value;
    }

    /// <summary>This member's name.</summary>
    public string Name => _engine.Name;

    /// <summary>Where it listens, and where the others reach it.</summary>
    public IPEndPoint EndPoint => _engine.EndPoint;

    /// <summary>Everywhere that it listens: <see cref="EndPoint"/>, and then <see cref="MemberOptions.AdditionalListens"/> in their order.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints => _engine.EndPoints;

    /// <summary>Everyone, as of now.</summary>
    public MemberView View => _engine.View;

    /// <summary>The keys of the whole cluster.</summary>
    public MemberKeys Keys { get; }

    /// <summary>Completes, with the reason, if this member has to stop by itself: somebody else has its name.</summary>
    public Task<string> Stopped => _engine.Stopped;

    /// <summary>Begins to take part. Returns when this member listens; others are found in the background.</summary>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="ArgumentException">An option makes no sense; the text says which, and what would.</exception>
    /// <exception cref="Transport.MemberListenException">The address cannot be listened at; the text says why.</exception>
    public static async Task<Member> StartAsync(MemberOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        MemberEngine engine = new(options);
        try
        {
            engine.Start();
            return new Member(engine);
        }
        catch
        {
            await engine.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Publishes this member's record, in place of an earlier one. Do so after what it promises is there.</summary>
    /// <param name="record">At most 64 KiB. Nobody but this program looks into it.</param>
    /// <exception cref="ArgumentException">It is longer.</exception>
    /// <exception cref="InvalidOperationException">The member is not running, or its cluster is a plain one.</exception>
    public void Publish(ReadOnlyMemory<byte> record) => _engine.Publish(record);

    /// <summary>Withdraws this member's record. Do so before what it promises goes.</summary>
    public void Withdraw() => _engine.Withdraw();

    /// <summary>Changes what this member says about itself.</summary>
    /// <exception cref="ArgumentException">The tags take more than 512 bytes, or a name is taken.</exception>
    public void SetTags(IReadOnlyDictionary<string, string> tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        _engine.SetTags(tags);
    }

    /// <summary>Fires an event, which reaches every member, this one included.</summary>
    /// <param name="name">What kind of event it is.</param>
    /// <param name="payload">What it says; with the name about 500 bytes at most.</param>
    /// <param name="coalesce">True where a newer event of this name makes an older one superfluous.</param>
    /// <exception cref="ArgumentException">It is longer.</exception>
    public void FireEvent(string name, ReadOnlyMemory<byte> payload, bool coalesce = false)
    {
        ArgumentNullException.ThrowIfNull(name);
        _engine.Fire(name, payload, coalesce);
    }

    /// <summary>Asks all members something, this one included, and waits until the time for answers is over.</summary>
    /// <param name="name">What is asked. Names that begin with <c>_serf_</c> are Serf's own.</param>
    /// <param name="payload">What goes with it; with the name and filters about 1,000 bytes at most.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">It is longer, or the time-out makes no sense.</exception>
    /// <exception cref="InvalidOperationException">Too many queries wait for answers, or the member is not running.</exception>
    public Task<QueryResult> QueryAsync(
        string name, ReadOnlyMemory<byte> payload = default, QueryOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _engine.AskAsync(name, payload, options ?? new QueryOptions(), cancellationToken);
    }

    /// <summary>Declares a failed member gone for good: nobody looks for it any more. One that is there says so, and stays.</summary>
    /// <param name="name">The member.</param>
    /// <param name="prune">True where it is also to be forgotten at once.</param>
    /// <returns>False where no such member is known.</returns>
    public bool ForceLeave(string name, bool prune = false)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _engine.ForceLeave(name, prune);
    }

    /// <summary>
    /// Says good-bye: the record is withdrawn, all are told, and this returns when they know, or after about ten seconds. Pings
    /// are answered for a second more. What follows is <see cref="DisposeAsync"/>.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<LeaveResult> LeaveAsync(CancellationToken cancellationToken = default) => _engine.LeaveAsync(cancellationToken);

    /// <summary>Stops at once. Without <see cref="LeaveAsync"/> before it the others take this member for failed.</summary>
    public ValueTask DisposeAsync() => _engine.DisposeAsync();
}
