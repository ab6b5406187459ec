using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// The record that a gateway publishes in its cluster (docs/spec/membership.md, chapter 4): its balance targets and what it tells operators,
/// as JSON. Fields that a reader does not know are left aside, so that a later version may add some.
/// </summary>
internal static class BalanceRecord
{
    /// <summary>As many bytes as a record may have.</summary>
    internal const int MaximumBytes = 64 * 1024;

    // Milliseconds; no gateway runs for thirty years.
    private const long LatestSaying = 1_000_000_000_000;

    // A hundred cores' worth, in per cent of one: more is nonsense.
    private const int MaximumLoad = 10_000;

    /// <summary>As many bytes of it as balance targets may have; the rest is what a gateway tells of itself.</summary>
    internal const int MaximumTargetBytes = 52 * 1024;

    /// <summary>
    /// As many characters as its targets may take where each balancer's accept is written beside the target that it leads to, as in the log
    /// and in answers to operators: a long address for thousands of short ones would make that a thousand times as long as the record.
    /// </summary>
    internal const int MaximumShownLength = 256 * 1024;

    /// <summary>What a target counts of <see cref="MaximumShownLength"/>.</summary>
    internal static int ShownLength(BalanceTarget target) =>
        target.Balances.Sum(balance => balance.Length) + (target.Balances.Length * (target.Uri.ToString().Length + 64));

    internal static byte[] Write(ImmutableArray<BalanceTarget> targets, GatewayStatus? status = null, ImmutableArray<SessionEntrance> entrances = default, ReadOnlyMemory<byte> used = default) => JsonSerializer.SerializeToUtf8Bytes(
        new Body(
            [.. targets.Select(target => new Entry(
                target.Uri.ToString(), [.. target.Balances], [.. target.At.Select(at => at.ToString())], target.IsEncrypted, target.Sessions)
            {
                Begun = target.Begun,
                Weight = target.Weight,
            })],
            status is null ? null : new Self(status.Sessions, status.Load, status.IsDraining, [.. status.Balancers.Select(one => new Balancer(one.Accept, one.Digest))]))
        {
            Salt = targets.FirstOrDefault()?.Salt,
            SaidAt = (long?)targets.FirstOrDefault()?.SaidAt?.TotalMilliseconds,
            Used = used.IsEmpty ? null : used.ToArray(),
            Entrances = entrances.IsDefaultOrEmpty ? null : [.. entrances.Select(one => new Entrance(one.Tag, one.At.ToString(), one.IsEncrypted, one.IsSecure))],
        },
        RecordJson.Default.Body);

    /// <summary>Reads a record, which any member may have written.</summary>
    /// <returns>Its targets; null where it is none. A target that can not be understood is left out, and so is what is beyond the bounds.</returns>
    internal static ImmutableArray<BalanceTarget>? TryRead(ReadOnlySpan<byte> record)
    {
        try
        {
            return JsonSerializer.Deserialize(record, RecordJson.Default.Body) is { Targets: { } entries } body
                ? Bounded(entries.Select(entry => TargetOf(entry, body)).OfType<BalanceTarget>())
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What a member tells of itself; null where it tells nothing, or something else.</summary>
    internal static GatewayStatus? TryReadStatus(ReadOnlySpan<byte> record)
    {
        try
        {
            return JsonSerializer.Deserialize(record, RecordJson.Default.Body)?.Gateway is not { } self ? null : new GatewayStatus
            {
                Sessions = Math.Max(0, self.Sessions),
                Load = Math.Clamp(self.Load, 0, MaximumLoad),
                IsDraining = self.IsDraining,
                Balancers =
                [
                    .. from one in self.Balancers ?? []
                       where one?.Digest is not null
                       let accept = KeyOf(one!.Accept)
                       where accept is not null
                       select new BalancerSettings(accept, one.Digest!),
                ],
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Where sessions of a member live; what can not be understood is left out, and so is what is beyond <see cref="SessionEntrance.Maximum"/>.</summary>
    internal static ImmutableArray<SessionEntrance> ReadEntrances(ReadOnlySpan<byte> record)
    {
        try
        {
            return
            [
                .. (from one in JsonSerializer.Deserialize(record, RecordJson.Default.Body)?.Entrances ?? []
                    where SessionEntrance.IsTag(one?.Tag)
                    let at = EndPointOf(one!.At)
                    where at is not null
                    select new SessionEntrance(one.Tag!, at, one.IsEncrypted, one.IsSecure)).Take(SessionEntrance.Maximum),
            ];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>What a member tells of what is good once and has been used there (<see cref="SharedUses"/>); empty where it tells nothing.</summary>
    internal static ReadOnlyMemory<byte> ReadUsed(ReadOnlySpan<byte> record)
    {
        try
        {
            return JsonSerializer.Deserialize(record, RecordJson.Default.Body)?.Used;
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static ImmutableArray<BalanceTarget> Bounded(IEnumerable<BalanceTarget> targets)
    {
        int shown = 0;
        return [.. targets.TakeWhile(target => (shown += ShownLength(target)) <= MaximumShownLength)];
    }

    private static BalanceTarget? TargetOf(Entry? entry, Body body)
    {
        if (entry is not { Uri: { } text, Balances: { } balances }
            || !GatewayUri.TryParse(text, UriUse.Connect, out GatewayUri? uri, out _)
            || !uri.Scheme.TakesPort)
        {
            return null;
        }

        return new BalanceTarget
        {
            Uri = uri,
            Balances = [.. balances.Select(KeyOf).OfType<string>().Distinct(StringComparer.Ordinal)],
            At = [.. (entry.At ?? []).Select(EndPointOf).OfType<IPEndPoint>()],
            IsEncrypted = entry.IsEncrypted,
            // What this gateway has just sent there is added to it.
            Sessions = Math.Clamp(entry.Sessions, 0, int.MaxValue / 2),
            Begun = Math.Max(0, entry.Begun),
            Weight = Math.Clamp(entry.Weight, 1, BalanceTarget.MaximumWeight),
            Salt = body.Salt ?? "",
            SaidAt = body.SaidAt is >= 0 and < LatestSaying ? TimeSpan.FromMilliseconds(body.SaidAt.Value) : null,
        };
    }

    private static string? KeyOf(string? balance) =>
        balance is not null && GatewayUri.TryParse(balance, UriUse.Accept, out GatewayUri? uri, out _) ? BalanceTarget.KeyOf(uri) : null;

    private static IPEndPoint? EndPointOf(string? text) => text is not null && IPEndPoint.TryParse(text, out IPEndPoint? at) && at.Port != 0 ? at : null;

    internal sealed record Body(
        [property: JsonPropertyName("targets")] Entry?[]? Targets,
        [property: JsonPropertyName("gateway")] Self? Gateway = null)
    {
        [JsonPropertyName("salt")]
        public string? Salt { get; init; }

        [JsonPropertyName("said")]
        public long? SaidAt { get; init; }

        [JsonPropertyName("entrances")]
        public Entrance?[]? Entrances { get; init; }

        [JsonPropertyName("used")]
        public byte[]? Used { get; init; }
    }

    internal sealed record Entrance(
        [property: JsonPropertyName("tag")] string? Tag,
        [property: JsonPropertyName("at")] string? At,
        [property: JsonPropertyName("tls")] bool IsEncrypted,
        [property: JsonPropertyName("secure")] bool IsSecure);

    internal sealed record Self(
        [property: JsonPropertyName("sessions")] int Sessions,
        [property: JsonPropertyName("load")] int Load,
        [property: JsonPropertyName("draining")] bool IsDraining,
        [property: JsonPropertyName("balancers")] Balancer?[]? Balancers);

    internal sealed record Balancer(
        [property: JsonPropertyName("accept")] string? Accept,
        [property: JsonPropertyName("settings")] string? Digest);

    internal sealed record Entry(
        [property: JsonPropertyName("uri")] string? Uri,
        [property: JsonPropertyName("balance")] string?[]? Balances,
        [property: JsonPropertyName("at")] string?[]? At,
        [property: JsonPropertyName("tls")] bool IsEncrypted,
        [property: JsonPropertyName("sessions")] int Sessions)
    {
        [JsonPropertyName("begun")]
        public long Begun { get; init; }

        [JsonPropertyName("weight")]
        public int Weight { get; init; }
    }
}

/// <summary>How a record is turned into JSON and back, made when the gateway is built.</summary>
[JsonSourceGenerationOptions(MaxDepth = 8, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BalanceRecord.Body))]
internal sealed partial class RecordJson : JsonSerializerContext;
