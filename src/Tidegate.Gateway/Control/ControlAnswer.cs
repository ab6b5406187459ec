using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Tidegate.Gateway.Control;

/// <summary>The answer to one request on the control socket: lines of JSON, and a last one that says that it is whole.</summary>
/// <param name="peer">Whoever asked.</param>
internal sealed class ControlAnswer(Socket peer)
{
    /// <summary>As many bytes as one line may have: a member with the longest record fits in.</summary>
    internal const int LongestLine = 4 * 1024 * 1024;

    /// <summary>As many bytes as an answer may have.</summary>
    internal const int Longest = 64 * 1024 * 1024;

    /// <summary>The property of a last line that means that the answer is whole.</summary>
    internal const string Done = "done";

    /// <summary>The property of a last line that says why there is no more.</summary>
    internal const string Error = "error";

    private int _told;

    /// <summary>Sends one line.</summary>
    /// <exception cref="ControlException">The answer is longer than answers may be.</exception>
    /// <exception cref="SocketException">Whoever asked has gone.</exception>
    internal async Task TellAsync<T>(T line, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(line, type);
        if (bytes.Length >= LongestLine || (_told += bytes.Length + 1) > Longest)
        {
            throw new ControlException($"The answer is longer than {(bytes.Length >= LongestLine ? LongestLine : Longest)} bytes.");
        }

        await SendLineAsync(bytes, cancellation).ConfigureAwait(false);
    }

    /// <summary>Says that the answer is whole, or why it is not.</summary>
    internal Task EndAsync(string? error, CancellationToken cancellation) => SendLineAsync(
        JsonSerializer.SerializeToUtf8Bytes(new ControlEnd(error is null ? true : null, error), ControlJson.Default.ControlEnd), cancellation);

    private async Task SendLineAsync(byte[] json, CancellationToken cancellation)
    {
        byte[] line = [.. json, (byte)'\n'];
        int sent = 0;
        while (sent < line.Length)
        {
            sent += await peer.SendAsync(line.AsMemory(sent), cancellation).ConfigureAwait(false);
        }
    }
}

/// <summary>The last line of an answer.</summary>
internal sealed record ControlEnd(
    [property: JsonPropertyName(ControlAnswer.Done)] bool? IsDone,
    [property: JsonPropertyName(ControlAnswer.Error)] string? Error);

/// <summary>How lines are turned into JSON and back, made when the gateway is built.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, MaxDepth = 8)]
[JsonSerializable(typeof(ControlEnd))]
[JsonSerializable(typeof(DrainReport))]
[JsonSerializable(typeof(Cluster.ObservedMember))]
internal sealed partial class ControlJson : JsonSerializerContext;
