using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Tidegate.Gateway.Control;

/// <summary>Asks a gateway that runs on this machine, over its control socket.</summary>
public static class ControlClient
{
    private static readonly JsonDocumentOptions s_line = new() { MaxDepth = 16 };

    /// <summary>Asks for something.</summary>
    /// <param name="configurationFile">The file that the gateway was started with.</param>
    /// <param name="request">A verb, and words after it, with spaces between.</param>
    /// <param name="onLine">Gets each line of the answer, a JSON object, as it comes.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>False where no gateway answers that runs with this file and that this user may ask.</returns>
    /// <exception cref="ControlException">The gateway refuses, or the answer breaks off; the message says why.</exception>
    public static Task<bool> AskAsync(string configurationFile, string request, Action<JsonElement> onLine, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(configurationFile);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(onLine);
        return OperatingSystem.IsLinux()
            ? AskAsync(ControlPlaces.OfEnvironment(), configurationFile, request, onLine, cancellation)
            : Task.FromResult(false);
    }

    /// <inheritdoc cref="AskAsync(string, string, Action{JsonElement}, CancellationToken)"/>
    internal static async Task<bool> AskAsync(
        ControlPlaces places, string configurationFile, string request, Action<JsonElement> onLine, CancellationToken cancellation)
    {
        foreach ((string path, uint owner) in places.Find(configurationFile))
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // What a gateway has left that was killed.
                continue;
            }

            if (ControlPeer.UserOf(socket) != owner)
            {
                // Where root asks, the directory's owner may have put a link there to somebody else's gateway, which then were drained.
                continue;
            }

            await SpeakAsync(socket, request, onLine, cancellation).ConfigureAwait(false);
            return true;
        }

        return false;
    }

    private static async Task SpeakAsync(Socket socket, string request, Action<JsonElement> onLine, CancellationToken cancellation)
    {
        try
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(request + "\n"), cancellation).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // Whoever is refused before having asked finds the reason in what was sent.
        }

        bool isWhole;
        try
        {
            isWhole = await ReadAsync(socket, onLine, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or JsonException)
        {
            isWhole = false;
        }

        if (!isWhole)
        {
            throw new ControlException("The gateway's answer broke off. Has it just stopped?");
        }
    }

    /// <summary>Reads lines to the last one; false where that is missing.</summary>
    private static async Task<bool> ReadAsync(Socket socket, Action<JsonElement> onLine, CancellationToken cancellation)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, 2 * length);
            }

            int read = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation).ConfigureAwait(false);
            int begin = 0;
            length += read;
            for (int end; (end = buffer.AsSpan(begin, length - begin).IndexOf((byte)'\n')) >= 0; begin += end + 1)
            {
                using JsonDocument line = JsonDocument.Parse(buffer.AsMemory(begin, end), s_line);
                if (line.RootElement.ValueKind != JsonValueKind.Object)
                {
                    return false;
                }

                if (line.RootElement.TryGetProperty(ControlAnswer.Error, out JsonElement error))
                {
                    // It is shown on a terminal, and where root asks, whoever answers may be anybody.
                    throw new ControlException(new string([.. error.ToString().Select(c => char.IsControl(c) ? '?' : c)]));
                }

                if (line.RootElement.TryGetProperty(ControlAnswer.Done, out _))
                {
                    return true;
                }

                onLine(line.RootElement.Clone());
            }

            buffer.AsSpan(begin, length - begin).CopyTo(buffer);
            length -= begin;
            if (read == 0 || length > ControlAnswer.LongestLine)
            {
                return false;
            }
        }
    }
}
