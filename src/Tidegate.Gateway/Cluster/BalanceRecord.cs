using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// The record that a gateway publishes in its cluster (docs/spec/membership.md, chapter 4): its balance targets, as JSON. Fields that a
/// reader does not know are left aside, so that a later version may add some.
/// </summary>
internal static class BalanceRecord
{
    /// <summary>As many bytes as a record may have.</summary>
    internal const int MaximumBytes = 64 * 1024;

    // Milliseconds; no gateway runs for thirty years.
    private const long LatestSaying = 1_000_000_000_000;

    internal static byte[] Write(ImmutableArray<BalanceTarget> targets) => JsonSerializer.SerializeToUtf8Bytes(
        new Body(
            [.. targets.Select(target => new Entry(
                target.Uri.ToString(), [.. target.Balances], [.. target.At.Select(at => at.ToString())], target.IsEncrypted, target.Sessions)
            {
                Begun = target.Begun,
                Weight = target.Weight,
            })])
        {
            Salt = targets.FirstOrDefault()?.Salt,
            SaidAt = (long?)targets.FirstOrDefault()?.SaidAt?.TotalMilliseconds,
        },
        RecordJson.Default.Body);

    /// <summary>Reads a record, which any member may have written.</summary>
    /// <returns>Its targets; null where it is none. A target that can not be understood is left out.</returns>
    internal static ImmutableArray<BalanceTarget>? TryRead(ReadOnlySpan<byte> record)
    {
        try
        {
            return JsonSerializer.Deserialize(record, RecordJson.Default.Body) is { Targets: { } entries } body
                ? [.. entries.Select(entry => TargetOf(entry, body)).OfType<BalanceTarget>()]
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
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

    internal sealed record Body([property: JsonPropertyName("targets")] Entry?[]? Targets)
    {
        [JsonPropertyName("salt")]
        public string? Salt { get; init; }

        [JsonPropertyName("said")]
        public long? SaidAt { get; init; }
    }

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
[JsonSourceGenerationOptions(MaxDepth = 8)]
[JsonSerializable(typeof(BalanceRecord.Body))]
internal sealed partial class RecordJson : JsonSerializerContext;
