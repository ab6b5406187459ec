using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using Tidegate.Gateway.Files;

namespace Tidegate.Gateway.Security;

/// <summary>
/// The keys of an issuer, from a JSON Web Key Set (RFC 7517) in a file or at a URL. They are looked at again after a while, and sooner where
/// a token names one that is not there; where that fails, those of before stay.
/// </summary>
internal sealed partial class SigningKeys : ISigningKeys, IDisposable
{
    /// <summary>How long keys are good without another look.</summary>
    internal static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>Between two looks, whoever sends tokens with unknown keys.</summary>
    internal static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of a set of keys.</summary>
    internal const int MaximumBytes = 256 * 1024;

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(5);

    private readonly string _place;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HttpClient? _http;
    private readonly Lock _gate = new();
    private Task _look = Task.CompletedTask;
    private bool _concernsAll;
    private ImmutableArray<SecurityKey> _keys = [];
    private long? _looked;
    private string? _fault;

    /// <param name="place">The full path of a file, or a URL.</param>
    /// <param name="time">Tells how late it is.</param>
    /// <param name="logger">Told when they can not be had.</param>
    internal SigningKeys(string place, TimeProvider time, ILogger logger)
    {
        _place = place;
        _time = time;
        _logger = logger;
        if (IsUrl(place))
        {
            // What it leads to is as trusted as what is written; a redirect could lead anywhere.
            _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = Lifetime })
            {
                Timeout = s_timeout,
                MaxResponseContentBufferSize = MaximumBytes,
            };
        }
    }

    internal static bool IsUrl(string place) => place.Contains("://", StringComparison.Ordinal);

    public async ValueTask<ImmutableArray<SecurityKey>> GetAsync(bool again, CancellationToken cancellation)
    {
        Task look;
        bool waits;
        lock (_gate)
        {
            if (_look.IsCompleted && !IsFresh(again))
            {
                // Where it is only about a key that is not there, those whose keys are there need not wait.
                _concernsAll = !IsFresh(again: false);
                _looked = _time.GetTimestamp();
                _look = LookAsync();
            }

            look = _look;
            waits = again || _concernsAll || _keys.IsEmpty;
        }

        if (waits)
        {
            // Who began to look may go away, and others wait for what is found.
            await look.WaitAsync(cancellation).ConfigureAwait(false);
        }

        return Have();
    }

    public void Dispose() => _http?.Dispose();

    private bool IsFresh(bool again) => _looked is { } looked && _time.GetElapsedTime(looked) < (again || _keys.IsEmpty ? ShortestInterval : Lifetime);

    private ImmutableArray<SecurityKey> Have() =>
        _keys.IsEmpty ? throw new LoginUnavailableException($"there are no keys from {_place}: {_fault}") : _keys;

    private async Task LookAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            string text = _http is null ? TextOf(_place) : await _http.GetStringAsync(new Uri(_place)).ConfigureAwait(false);
            ImmutableArray<SecurityKey> keys = Parse(text);
            (_keys, _fault) = (keys, null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or HttpRequestException or ArgumentException or InvalidOperationException or TaskCanceledException)
        {
            string fault = exception is TaskCanceledException ? $"there was no answer within {s_timeout.TotalSeconds} s" : exception.Message;
            if (fault != _fault)
            {
                LogNoKeys(_place, fault);
            }

            _fault = fault;
        }
    }

    private static string TextOf(string path) =>
        new StreamReader(new MemoryStream(OrdinaryFile.Read(path, MaximumBytes) ?? throw new IOException($"it has more than {MaximumBytes} bytes"))).ReadToEnd();

    /// <summary>What is wrong with a file of keys; null where nothing is.</summary>
    internal static string? FaultOf(string path)
    {
        try
        {
            _ = Parse(TextOf(path));
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
        {
            return exception.Message.TrimEnd('.');
        }
    }

    /// <summary>The keys that may sign.</summary>
    /// <exception cref="ArgumentException">The text is no set of keys.</exception>
    /// <exception cref="InvalidOperationException">There is none in it that could sign.</exception>
    private static ImmutableArray<SecurityKey> Parse(string text)
    {
        ImmutableArray<SecurityKey> keys = [.. JsonWebKeySet.Create(text).GetSigningKeys()];
        return keys.IsEmpty ? throw new InvalidOperationException("there is no key for signatures in it") : keys;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The keys of tokens from {Place} can not be had, so those of before stay, if any: {Fault}")]
    private partial void LogNoKeys(string place, string fault);
}
