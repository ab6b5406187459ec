using System.Collections.Immutable;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Files;

namespace Tidegate.Gateway.Control;

/// <summary>
/// A Unix domain socket by which operators of this machine speak to a running gateway. A request is one line: a verb, and words after it.
/// The answer is lines of JSON. Only the gateway's own user and root are heard. There is none on other systems than Linux.
/// </summary>
internal sealed partial class ControlSocket : IAsyncDisposable
{
    /// <summary>As many as are served at once; further ones are told so.</summary>
    internal const int MaximumConnections = 8;

    /// <summary>As many bytes as a request may have.</summary>
    internal const int LongestRequest = 1024;

    /// <summary>How long a request may take to come.</summary>
    internal static readonly TimeSpan RequestTime = TimeSpan.FromSeconds(5);

    // How long answers may go on when the gateway ends.
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(2);

    // Whoever has the lock opens or removes a socket, which takes no time to speak of.
    private const int TurnTries = 100;
    private static readonly TimeSpan s_turnPause = TimeSpan.FromMilliseconds(20);

    private const int MostSwept = 64;

    // From <asm-generic/socket.h>; struct ucred is three numbers of 32 bits: process, user, group.
    private const int SolSocket = 1;
    private const int SoPeerCredentials = 17;
    private const int CredentialsSize = 12;

    private readonly Socket _socket;
    private readonly ImmutableSortedDictionary<string, ControlVerb> _verbs;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _accepting = new();
    private readonly CancellationTokenSource _serving = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _served = [];
    private readonly Task _loop;

    private ControlSocket(string path, Socket socket, IEnumerable<ControlVerb> verbs, ILogger logger)
    {
        Path = path;
        _socket = socket;
        _verbs = verbs.ToImmutableSortedDictionary(verb => verb.Name, verb => verb, StringComparer.Ordinal);
        _logger = logger;
        _loop = Task.Run(AcceptAsync);
    }

    /// <summary>Where it is.</summary>
    internal string Path { get; }

    /// <summary>Opens the socket of a gateway with this configuration file. Where that can not be, the log says why, and the gateway runs without.</summary>
    internal static async Task<ControlSocket?> OpenAsync(
        ControlPlaces places, string configurationFile, IEnumerable<ControlVerb> verbs, ILogger logger, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux())
        {
            LogElsewhere(logger);
            return null;
        }

        if (places.Prepare(configurationFile, out string reason) is not { } path)
        {
            LogNone(logger, reason);
            return null;
        }

        Socket? socket = null;
        try
        {
            // Two that start at once must not take each other's socket for a dead gateway's.
            using FileStream? turn = await TakeTurnAsync(path, cancellation).ConfigureAwait(false);
            if (await IsLiveAsync(path, cancellation).ConfigureAwait(false))
            {
                LogTaken(logger, System.IO.Path.GetFullPath(configurationFile));
                return null;
            }

            await SweepAsync(path, cancellation).ConfigureAwait(false);
            socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            socket.Listen(4 * MaximumConnections);
            return new ControlSocket(path, socket, verbs, logger);
        }
        catch (Exception exception) when (exception is SocketException or IOException or UnauthorizedAccessException)
        {
            socket?.Dispose();
            LogNone(logger, $"{path}: {exception.Message.TrimEnd('.')}");
            return null;
        }
    }

    /// <summary>Ends it: answers under way have two seconds more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_accepting.IsCancellationRequested)
        {
            return;
        }

        await _accepting.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        Task[] served;
        lock (_gate)
        {
            served = [.. _served];
        }

        _serving.CancelAfter(s_lastWords);
        await Task.WhenAll(served).ConfigureAwait(false);
        using (FileStream? turn = await TakeTurnAsync(Path, CancellationToken.None).ConfigureAwait(false))
        {
            // .NET removes the path with the socket, and by then it must not be another gateway's.
            _socket.Dispose();
        }

        _accepting.Dispose();
        _serving.Dispose();
    }

    /// <summary>Waits for the lock of the directory, which the system releases where its holder dies; null where the wait was too long.</summary>
    private static async Task<FileStream?> TakeTurnAsync(string path, CancellationToken cancellation)
    {
        string file = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path)!, "lock");
        for (int tries = 0; tries < TurnTries; tries++)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                await Task.Delay(s_turnPause, cancellation).ConfigureAwait(false);
            }
        }

        return null;
    }

    private static async Task<bool> IsLiveAsync(string path, CancellationToken cancellation)
    {
        if (UnixFiles.Look(path) is null)
        {
            return false;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await probe.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation).ConfigureAwait(false);
            return true;
        }
        catch (SocketException exception)
        {
            // One that is too busy to accept is alive.
            return exception.SocketErrorCode is not (SocketError.ConnectionRefused or SocketError.AddressNotAvailable);
        }
    }

    /// <summary>Removes what killed gateways have left: at this path, and of the others in the directory some.</summary>
    private static async Task SweepAsync(string path, CancellationToken cancellation)
    {
        File.Delete(path);
        foreach (string other in Directory.EnumerateFiles(System.IO.Path.GetDirectoryName(path)!, "*.sock").Take(MostSwept).ToArray())
        {
            if (!await IsLiveAsync(other, cancellation).ConfigureAwait(false))
            {
                File.Delete(other);
            }
        }
    }

    private async Task AcceptAsync()
    {
        while (!_accepting.IsCancellationRequested)
        {
            try
            {
                Socket peer = await _socket.AcceptAsync(_accepting.Token).ConfigureAwait(false);
                Begin(peer);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // No descriptors, or gone again: trying at once would only burn a core.
                await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private void Begin(Socket peer)
    {
        lock (_gate)
        {
            bool isBusy = _served.Count >= MaximumConnections;
            Task served = Task.Run(() => ServeAsync(peer, isBusy));
            _served.Add(served);
            served.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private void Forget(Task served)
    {
        lock (_gate)
        {
            _served.Remove(served);
        }
    }

    private async Task ServeAsync(Socket peer, bool isBusy)
    {
        using (peer)
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(_serving.Token))
        {
            var answer = new ControlAnswer(peer);
            try
            {
                over.CancelAfter(RequestTime);
                string? error = isBusy ? "The gateway has too many such questions to answer at once. Ask again." : RefusalOf(peer);
                if (error is null && await ReadAsync(peer, over.Token).ConfigureAwait(false) is { } request)
                {
                    error = await AnswerAsync(request, answer, over).ConfigureAwait(false);
                }

                over.CancelAfter(RequestTime);
                await answer.EndAsync(error, over.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Whoever asked sees that the end is missing.
            }
            catch (Exception exception)
            {
                LogDefect(exception);
            }
        }
    }

    private async Task<string?> AnswerAsync(string request, ControlAnswer answer, CancellationTokenSource over)
    {
        string[] words = request.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || !_verbs.TryGetValue(words[0], out ControlVerb? verb))
        {
            return $"The gateway does not know that request. It knows: {string.Join(", ", _verbs.Keys)}. Is it of another version?";
        }

        LogRequest(verb.Name);
        over.CancelAfter(verb.Bound);
        try
        {
            await verb.AnswerAsync([.. words[1..]], answer, over.Token).ConfigureAwait(false);
            return null;
        }
        catch (ControlException exception)
        {
            return exception.Message;
        }
    }

    /// <summary>The line that was sent; what is no line, or too long, is no request.</summary>
    private static async Task<string> ReadAsync(Socket peer, CancellationToken cancellation)
    {
        byte[] line = new byte[LongestRequest];
        int length = 0;
        while (length < line.Length)
        {
            int read = await peer.ReceiveAsync(line.AsMemory(length), cancellation).ConfigureAwait(false);
            int end = line.AsSpan(length, read).IndexOf((byte)'\n');
            if (end >= 0)
            {
                return System.Text.Encoding.UTF8.GetString(line, 0, length + end);
            }

            length += read;
            if (read == 0)
            {
                break;
            }
        }

        return "";
    }

    /// <summary>Directory and file let nobody else through; this holds where somebody has changed them.</summary>
    private static string? RefusalOf(Socket peer)
    {
        Span<byte> credentials = stackalloc byte[CredentialsSize];
        peer.GetRawSocketOption(SolSocket, SoPeerCredentials, credentials);
        uint user = BitConverter.ToUInt32(credentials[4..8]);
        return IsHeard(user, UnixFiles.User) ? null : "Only the gateway's own user and root may ask it.";
    }

    /// <summary>Whether a gateway that runs as one user heeds another.</summary>
    internal static bool IsHeard(uint asking, uint own) => asking == 0 || asking == own;

    [LoggerMessage(Level = LogLevel.Debug, Message = "There is no control socket on this system: ./tidegate members joins the cluster to look at it, and a signal stops the gateway")]
    private static partial void LogElsewhere(ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This gateway has no control socket, so ./tidegate can not ask it anything: {Reason}. Have XDG_RUNTIME_DIR name a directory that is this user's alone")]
    private static partial void LogNone(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Another gateway of this user runs with {File}: ./tidegate asks that one, and not this. Give each gateway a configuration file of its own")]
    private static partial void LogTaken(ILogger logger, string file);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Asked for {Verb} over the control socket")]
    private partial void LogRequest(string verb);

    [LoggerMessage(Level = LogLevel.Error, Message = "A defect in Tidegate: please report it. A request over the control socket was not answered")]
    private partial void LogDefect(Exception exception);
}
