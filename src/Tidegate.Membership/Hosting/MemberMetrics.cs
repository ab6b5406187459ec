using System.Diagnostics.Metrics;

namespace Tidegate.Membership.Hosting;

/// <summary>A member in numbers, for <c>dotnet-counters</c> and exporters. Each carries the member's name.</summary>
internal sealed class MemberMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    internal const string Name = "Tidegate.Membership";

    private readonly Meter _meter = new(Name);

    internal MemberMetrics(MemberEngine engine)
    {
        KeyValuePair<string, object?>[] tags = [new("member", engine.Name)];
        _meter.CreateObservableGauge("membership.members", () => ByState(engine, tags), "{member}", "Members known, by their state.");
        Gauge("membership.health", "{point}", "0 where this member is healthy, up to 7 where it answers late.", numbers => numbers.Health);
        Gauge("membership.isolated", "{bool}", "1 while most others do not answer this member.", numbers => numbers.IsIsolated ? 1 : 0);
        Counter("membership.packets.sent", "{packet}", "Packets sent.", numbers => numbers.PacketsSent);
        Counter("membership.packets.received", "{packet}", "Packets received.", numbers => numbers.PacketsReceived);
        Counter("membership.bytes.sent", "By", "UDP payload sent.", numbers => numbers.BytesSent);
        Counter("membership.bytes.received", "By", "UDP payload received.", numbers => numbers.BytesReceived);
        Counter("membership.packets.refused", "{packet}", "Packets that did not decode, decrypt or belong here.", numbers => numbers.PacketsRefused);
        Counter("membership.streams.refused", "{stream}", "Streams that did not decode, decrypt or belong here.", numbers => numbers.StreamsRefused);
        Counter("membership.messages.bad", "{message}", "Messages in good packets that made no sense.", numbers => numbers.BadMessages);
        Counter("membership.replays", "{message}", "Messages of earlier times.", numbers => numbers.Replays);
        Counter("membership.unmet", "{member}", "Names heard of that nobody answered to.", numbers => numbers.Unmet);
        Counter("membership.probes", "{probe}", "Members asked whether they are there.", numbers => numbers.Probes);
        Counter("membership.probes.failed", "{probe}", "Probes without an answer.", numbers => numbers.ProbesFailed);
        Counter("membership.stalled", "ms", "Time in which this process did not run.", numbers => numbers.Stalled);
        Counter("membership.notices.dropped", "{notice}", "Changes, events and queries that handlers were too slow for.", numbers => numbers.NotTold);

        void Gauge(string name, string unit, string description, Func<MemberNumbers, long> value) =>
            _meter.CreateObservableGauge(name, () => new Measurement<long>(value(engine.Numbers()), tags), unit, description);

        void Counter(string name, string unit, string description, Func<MemberNumbers, long> value) =>
            _meter.CreateObservableCounter(name, () => new Measurement<long>(value(engine.Numbers()), tags), unit, description);
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> ByState(MemberEngine engine, KeyValuePair<string, object?>[] tags) =>
        Enum.GetValues<MemberState>().Select(state => new Measurement<long>(
            engine.View.Members.Count(member => member.State == state),
            [.. tags, new("state", state.ToString().ToLowerInvariant())]));
}

/// <summary>What is measured, at one moment.</summary>
internal readonly record struct MemberNumbers(
    int Health,
    bool IsIsolated,
    long PacketsSent,
    long PacketsReceived,
    long BytesSent,
    long BytesReceived,
    long PacketsRefused,
    long StreamsRefused,
    long BadMessages,
    long Replays,
    long Unmet,
    long Probes,
    long ProbesFailed,
    long Stalled,
    long NotTold);
