using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Tidegate.Membership.Hosting;

/// <summary>Telling users of the library, one thing after another, outside of the lock.</summary>
internal sealed partial class MemberEngine
{
    /// <summary>What may wait to be told. A handler that is slower than the cluster for so long loses what comes last.</summary>
    private const int Untold = 65_536;

    private readonly Channel<object> _notices = Channel.CreateBounded<object>(
        new BoundedChannelOptions(Untold) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private long _notTold;

    internal event Action<MemberView>? ViewChanged;

    internal event Action<MemberEvent>? MemberChanged;

    internal event Action<UserEvent>? EventReceived;

    internal event Action<MemberQuery>? QueryReceived;

    /// <summary>What could not be told because handlers are too slow.</summary>
    internal long NotTold => Volatile.Read(ref _notTold);

    private void Tell(object notice)
    {
        if (!_notices.Writer.TryWrite(notice))
        {
            Interlocked.Increment(ref _notTold);
            _warnings.Write($"{Untold} changes, events and queries wait for this program's handlers, which are too slow; what comes now is not told.");
        }
    }

    private async Task TellAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await foreach (object notice in _notices.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                switch (notice)
                {
                    case MemberEvent change:
                        MemberChanged?.Invoke(change);
                        ViewChanged?.Invoke(View);
                        break;
                    case UserEvent received:
                        EventReceived?.Invoke(received);
                        break;
                    case MemberQuery query:
                        QueryReceived?.Invoke(query);
                        break;
                }
            }
            catch (Exception exception)
            {
                // A defect of a handler must not keep the next ones from being told.
                _logger.LogError(exception, "A handler of this member's events failed.");
            }
        }
    }
}
