using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Tidegate.Membership.Hosting;

/// <summary>
/// Tells users of the library what happens, one thing after another, outside of the member's lock. What waits is bounded: where
/// handlers are slower than the cluster for too long, events and queries are lost, and changes of members are told later, as the
/// difference between what was told last and what is so.
/// </summary>
/// <param name="gate">The member's lock. <see cref="Tell"/> is called under it.</param>
/// <param name="view">Everyone, as of now.</param>
/// <param name="logger">Gets the exceptions of handlers.</param>
/// <param name="warnings">Gets a line when something cannot be told.</param>
/// <param name="capacity">How much may wait.</param>
internal sealed class Teller(Lock gate, Func<MemberView> view, ILogger logger, WarningLog warnings, int capacity = Teller.Untold)
{
    /// <summary>What may wait to be told.</summary>
    internal const int Untold = 65_536;

    private readonly Channel<object> _notices = Channel.CreateBounded<object>(
        new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    /// <summary>What handlers know, by what they were told. Belongs to the task that tells.</summary>
    private MemberView _told = MemberView.Empty;

    /// <summary>True where a change of a member found no room. Under the lock.</summary>
    private bool _missed;

    private bool _isEnded;
    private long _notTold;
    private Task _telling = Task.CompletedTask;

    internal event Action<MemberView>? ViewChanged;

    internal event Action<MemberEvent>? MemberChanged;

    internal event Action<UserEvent>? EventReceived;

    internal event Action<MemberQuery>? QueryReceived;

    /// <summary>What found no room because handlers are too slow.</summary>
    internal long NotTold => Volatile.Read(ref _notTold);

    /// <summary>Begins. Once.</summary>
    internal void Start() => _telling = RunAsync();

    /// <summary>Puts a <see cref="MemberEvent"/>, <see cref="UserEvent"/> or <see cref="MemberQuery"/> in the line. Under the lock.</summary>
    internal void Tell(object notice)
    {
        if (_isEnded || _notices.Writer.TryWrite(notice))
        {
            return;
        }

        _missed |= notice is MemberEvent;
        Interlocked.Increment(ref _notTold);
        warnings.Write($"{capacity} changes, events and queries wait for this program's handlers, which are too slow; events and queries are lost until there is room.");
    }

    /// <summary>Tells what waits, and ends.</summary>
    internal Task EndAsync()
    {
        lock (gate)
        {
            _isEnded = true;
            _notices.Writer.TryComplete();
            return _telling;
        }
    }

    private async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (await _notices.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_notices.Reader.TryRead(out object? notice))
            {
                Raise(notice);
            }

            RaiseMissed();
        }
    }

    private void Raise(object notice)
    {
        switch (notice)
        {
            case MemberEvent change:
                _told = change.Kind == MemberEventKind.Forgotten ? _told.Without(change.Member.Name) : _told.With(change.Member);
                RaiseEach(MemberChanged, change);
                RaiseEach(ViewChanged, view());
                break;
            case UserEvent received:
                RaiseEach(EventReceived, received);
                break;
            case MemberQuery query:
                RaiseEach(QueryReceived, query);
                break;
        }
    }

    private void RaiseEach<T>(Action<T>? handlers, T argument)
    {
        foreach (Action<T> handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                handler(argument);
            }
            catch (Exception exception)
            {
                // A defect of one handler must not keep the others, nor what comes next, from being told.
                logger.LogError(exception, "A handler of this member's events failed.");
            }
        }
    }

    private void RaiseMissed()
    {
        MemberView now;
        lock (gate)
        {
            // What waits is older than the view, so it goes first.
            if (!_missed || _notices.Reader.TryPeek(out _))
            {
                return;
            }

            _missed = false;
            now = view();
        }

        MemberView told = _told;
        foreach (MemberInfo member in now.Members)
        {
            MemberInfo? before = told.Find(member.Name);
            if (!ReferenceEquals(before, member))
            {
                Raise(new MemberEvent(KindOf(before, member), member));
            }
        }

        foreach (MemberInfo gone in told.Members.Where(member => now.Find(member.Name) is null))
        {
            Raise(new MemberEvent(MemberEventKind.Forgotten, gone));
        }
    }

    private static MemberEventKind KindOf(MemberInfo? before, MemberInfo member) => member.State switch
    {
        MemberState state when state == before?.State => MemberEventKind.Updated,
        MemberState.Failed => MemberEventKind.Failed,
        MemberState.Left => MemberEventKind.Left,
        MemberState.Leaving => MemberEventKind.Leaving,
        _ when before?.State == MemberState.Leaving => MemberEventKind.Updated,
        _ => MemberEventKind.Up,
    };
}
