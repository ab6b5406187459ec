using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Security;

/// <summary>The login module <c>file</c>: users in a <c>jaas-config.xml</c>, read again when it changes.</summary>
internal sealed partial class FileLoginModule : ILoginModule
{
    private static readonly TimeSpan s_looksAgain = TimeSpan.FromSeconds(1);
    private static readonly byte[] s_key = RandomNumberGenerator.GetBytes(32);

    private readonly string _path;
    private readonly HashingGate _gate;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly VerifiedPasswords _verified;
    private readonly Lock _reading = new();
    private volatile JaasFile _file;
    private FileStamp _stamp;
    private long _looked;

    /// <param name="path">The full path.</param>
    /// <param name="gate">Bounds how many passwords are hashed at once.</param>
    /// <param name="time">Tells how late it is.</param>
    /// <param name="logger">Told when the file has changed, and whether rightly.</param>
    /// <exception cref="ConfigurationException">The file is wrong.</exception>
    /// <exception cref="IOException">It can not be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    internal FileLoginModule(string path, HashingGate gate, TimeProvider time, ILogger logger)
    {
        _path = path;
        _gate = gate;
        _time = time;
        _logger = logger;
        _verified = new VerifiedPasswords(time);
        _stamp = FileStamp.Of(path);
        _file = JaasFile.Read(path);
        _looked = time.GetTimestamp();
    }

    public async ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation)
    {
        if (attempt.Established is { } established)
        {
            // Somebody else has seen to it that it is they, as by a ticket; what is missing is what they may do.
            return Current().Find(established) is { } known ? LoginResult.Success(known.Name, known.Roles) : LoginResult.Failure($"User '{established}' not found");
        }

        if (attempt.User is not { } name || attempt.Password is not { } password)
        {
            return LoginResult.Failure("no name and password came");
        }

        JaasFile file = Current();
        JaasUser? user = file.Find(name);
        bool isRight = user is { Password: { } plain } ? IsSame(plain, password) : await IsOfAsync(user?.Hash ?? file.Slowest, file, name, password, cancellation).ConfigureAwait(false);
        return user is null ? LoginResult.Failure($"User '{name}' not found")
            : isRight ? LoginResult.Success(user.Name, user.Roles)
            : LoginResult.Failure("Wrong password");
    }

    /// <summary>Compares in a time that says nothing of where they differ, or how long the right one is.</summary>
    private static bool IsSame(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(s_key, Encoding.UTF8.GetBytes(one)), HMACSHA256.HashData(s_key, Encoding.UTF8.GetBytes(other)));

    private async ValueTask<bool> IsOfAsync(PasswordHash? hash, JaasFile file, string name, string password, CancellationToken cancellation)
    {
        if (hash is null)
        {
            return false;
        }

        if (_verified.Knows(file, name, password))
        {
            return true;
        }

        bool isRight = await _gate.RunAsync(() => hash.IsOf(password), cancellation).ConfigureAwait(false);
        if (isRight && file.Find(name)?.Hash == hash)
        {
            _verified.Add(file, name, password);
        }

        return isRight;
    }

    /// <summary>The file as it is; where it has become wrong, as it was.</summary>
    private JaasFile Current()
    {
        lock (_reading)
        {
            if (_time.GetElapsedTime(_looked) < s_looksAgain)
            {
                return _file;
            }

            _looked = _time.GetTimestamp();
            FileStamp stamp = FileStamp.Of(_path);
            if (stamp == _stamp)
            {
                return _file;
            }

            _stamp = stamp;
            try
            {
                _file = JaasFile.Read(_path);
                LogRead(_path);
            }
            catch (Exception exception) when (exception is ConfigurationException or IOException or UnauthorizedAccessException)
            {
                LogNotRead(_path, exception is ConfigurationException wrong ? wrong.Errors[0].ToString() : exception.Message);
            }

            return _file;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The users in {File} have changed and hold from now on")]
    private partial void LogRead(string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The users in {File} have changed, and can not be read; the ones before stay: {Fault}")]
    private partial void LogNotRead(string file, string fault);

    /// <summary>What tells that a file is another one.</summary>
    private readonly record struct FileStamp(DateTime Written, long Length)
    {
        internal static FileStamp Of(string path)
        {
            var file = new FileInfo(path);
            // A link is followed: what it leads to may change while it does not.
            FileSystemInfo? target = file.Exists ? file.ResolveLinkTarget(returnFinalTarget: true) : null;
            var real = target as FileInfo ?? file;
            return real.Exists ? new FileStamp(real.LastWriteTimeUtc, real.Length) : default;
        }
    }
}
