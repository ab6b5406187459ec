using Microsoft.Extensions.Logging;
using Tidegate.Membership.Protocol;
using Tidegate.Membership.Registry;
using Tidegate.Membership.Security;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Hosting;

/// <summary>An operation on the keys of the whole cluster.</summary>
internal enum KeyOperation
{
    Install,
    Use,
    Remove,
    List,
}

/// <summary>What users of the library ask for.</summary>
internal sealed partial class MemberEngine
{
    /// <summary>How long after the announcement pings are still answered, so that nobody takes a leaver for failed.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(1);

    /// <summary>What tells those who wait for answers that none will come.</summary>
    private readonly HashSet<Action> _waiting = [];
    private TaskCompletionSource<LeaveResult>? _leaving;

    void IProtocolHost.OnLeaveAnnounced(LeaveOutcome outcome) => _leaving?.TrySetResult(outcome switch
    {
        LeaveOutcome.Announced => LeaveResult.Announced,
        LeaveOutcome.Alone => LeaveResult.Alone,
        _ => LeaveResult.TimedOut,
    });

    internal void Publish(ReadOnlyMemory<byte> payload) => Command(
        () =>
        {
            RecordRegistry registry = NeedSerf(_registry);
            if (_leaving is not null)
            {
                // Leaving has withdrawn it, and nobody is to be sent to a member that goes.
                throw new InvalidOperationException($"The member {Name} is leaving, and publishes nothing any more.");
            }

            registry.Publish(RawBytes.CopyOf(payload.Span));
        });

    internal void Withdraw() => Command(() => NeedSerf(_registry).Withdraw());

    internal void SetTags(IReadOnlyDictionary<string, string> tags)
    {
        OptionChecks.CheckTags(tags);
        Command(
            () => NeedSerf(_serf).SetTags(tags),
            () =>
            {
                NeedSerf(_serf).MemberUpdated(Remember(_core.Self));
                Changed(Name);
            });
    }

    internal void Fire(string name, ReadOnlyMemory<byte> payload, bool coalesce) =>
        Command(() => NeedSerf(_serf).Fire(name, RawBytes.CopyOf(payload.Span), coalesce));

    internal bool ForceLeave(string name, bool prune)
    {
        bool known = false;
        Command(() => known = NeedSerf(_serf).ForceLeave(name, prune), () => Changed(name));
        return known;
    }

    internal Task<QueryResult> AskAsync(string name, ReadOnlyMemory<byte> payload, QueryOptions options, CancellationToken cancellationToken)
    {
        List<RawBytes> filters = [];
        if (options.Names is { } names)
        {
            filters.Add(QueryFilter.ForNodes([.. names]));
        }

        foreach ((string tag, string expression) in options.Tags ?? new Dictionary<string, string>())
        {
            filters.Add(QueryFilter.ForTag(tag, expression));
        }

        QueryRequest request = new(name, RawBytes.CopyOf(payload.Span))
        {
            Filters = filters,
            WantsAcks = options.WantsAcknowledgements,
            RelayFactor = options.RelayFactor,
            Timeout = options.Timeout,
        };
        QueryCall call = new(this);
        Command(() => Ask(call.Fail, () => _ = NeedSerf(_serf).Ask(request, call)));
        return call.Completion.Task.WaitAsync(cancellationToken);
    }

    internal void ReplaceKeys(IEnumerable<string> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        Keyring keyring = _envelope.Keyring
            ?? throw new InvalidOperationException("This member was started without keys, so all that it says is plain. Start it anew with keys.");
        keyring.Replace(keys.Select(SealingKey.Parse));
    }

    internal async Task<KeyResult> AskKeysAsync(KeyOperation operation, string? key, CancellationToken cancellationToken)
    {
        SealingKey? parsed = key is null ? null : SealingKey.Parse(key);
        TaskCompletionSource<KeyResult> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Command(() => Ask(Fail, () =>
        {
            SerfLayer serf = NeedSerf(_serf);
            ReadOnlySpan<byte> bytes = parsed is null ? default : parsed.Bytes;
            _ = operation switch
            {
                KeyOperation.Install => serf.InstallKey(bytes, Done),
                KeyOperation.Use => serf.UseKey(bytes, Done),
                KeyOperation.Remove => serf.RemoveKey(bytes, Done),
                _ => serf.ListKeys(Done),
            };
        }));
        return await completion.Task.WaitAsync(cancellationToken).ConfigureAwait(false);

        void Fail() => completion.TrySetException(Gone());

        void Done(KeyOutcome outcome)
        {
            _waiting.Remove(Fail);
            completion.TrySetResult(new KeyResult(outcome.Members, outcome.Answers, outcome.Failures, outcome.Messages, outcome.Keys));
        }
    }

    /// <summary>Says good-bye. Afterwards this member is only to be disposed.</summary>
    internal async Task<LeaveResult> LeaveAsync(CancellationToken cancellationToken)
    {
        Task<LeaveResult> left;
        lock (_gate)
        {
            if (!_running)
            {
                throw Gone();
            }

            if (_leaving is null)
            {
                _leaving = new TaskCompletionSource<LeaveResult>(TaskCreationOptions.RunContinuationsAsynchronously);
                _registry?.Withdraw();
                if (_serf is { } serf)
                {
                    serf.Leave(_ => _deferred.Enqueue(() => _core.Leave(Now)));
                }
                else
                {
                    _core.Leave(Now);
                }

                Finish();
            }

            left = _leaving.Task;
        }

        LeaveResult result = await left.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (result != LeaveResult.Alone)
        {
            await Task.Delay(Afterwards, _time, cancellationToken).ConfigureAwait(false);
        }

        return result;
    }

    private void Stop(string message)
    {
        if (_stopped.TrySetResult(message))
        {
            _running = false;
            FailWaiting();
            _ = FallSilentAsync();
            _logger.LogError("This member stops: {Reason}", message);
        }
    }

    /// <summary>An exception that nobody is there to catch: what was half done cannot be relied on, so others are better off without this member.</summary>
    private void Broken(Exception exception)
    {
        _logger.LogError(exception, "An exception was not expected. This is a mistake in Tidegate.");
        Stop($"an exception was not expected: {exception.Message}");
    }

    /// <summary>Asks what is answered later, if at all: then <paramref name="fail"/> is called.</summary>
    private void Ask(Action fail, Action ask)
    {
        _waiting.Add(fail);
        try
        {
            ask();
        }
        catch
        {
            _waiting.Remove(fail);
            throw;
        }
    }

    private void Command(Action action, Action? afterwards = null)
    {
        lock (_gate)
        {
            if (!_running)
            {
                throw Gone();
            }

            action();
            Finish();
            afterwards?.Invoke();
            Finish();
        }
    }

    private InvalidOperationException Gone() => new(
        _stopped.Task.IsCompletedSuccessfully ? $"The member {Name} has stopped: {_stopped.Task.Result}" : $"The member {Name} is not running.");

    private static T NeedSerf<T>(T? layer)
        where T : class =>
        layer ?? throw new InvalidOperationException("Members of plain clusters have no tags, records, events, queries or keys; use MemberMode.Serf for these.");

    private void FailWaiting()
    {
        foreach (Action fail in _waiting)
        {
            fail();
        }

        _waiting.Clear();
        _leaving?.TrySetException(Gone());
    }

    private sealed class QueryCall(MemberEngine engine) : IQueryObserver
    {
        private readonly List<string> _acknowledged = [];
        private readonly Dictionary<string, ReadOnlyMemory<byte>> _answers = [];

        internal TaskCompletionSource<QueryResult> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void Fail() => Completion.TrySetException(engine.Gone());

        public void Acked(OwnQuery query, string from) => _acknowledged.Add(from);

        public void Answered(OwnQuery query, string from, RawBytes payload) => _answers[from] = payload.Span.ToArray();

        public void Finished(OwnQuery query)
        {
            engine._waiting.Remove(Fail);
            Completion.TrySetResult(new QueryResult(_acknowledged, _answers));
        }
    }
}
