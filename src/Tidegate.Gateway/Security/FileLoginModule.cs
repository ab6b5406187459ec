using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Security;

/// <summary>The login module <c>file</c>: users in a <c>jaas-config.xml</c>, read again when it changes.</summary>
internal sealed partial class FileLoginModule : ILoginModule
{
    private static readonly TimeSpan s_looksAgain = TimeSpan.FromSeconds(1);

    /// <summary>How long it is remembered that a password was right.</summary>
    private static readonly TimeSpan s_remembers = TimeSpan.FromSeconds(60);

    private static readonly byte[] s_key = RandomNumberGenerator.GetBytes(32);

    private readonly string _path;
    private readonly HashingGate _gate;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly VerifiedPasswords<JaasFile> _verified;
    private readonly Lock _reading = new();
    private volatile JaasFile _file;
    private byte[] _digest;
    private byte[]? _wrong;
    private string? _told;
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
        _verified = new VerifiedPasswords<JaasFile>(s_remembers, time);
        byte[] bytes = JaasFile.ReadBytes(path);
        _digest = SHA256.HashData(bytes);
        _file = JaasFile.Parse(bytes, path);
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
        bool isRight = user is { Password: { } plain } && IsSame(plain, password);
        if (!isRight)
        {
            // Who is not there, or has another password in plain, waits for a hash as all others do, if there is one; it decides nothing about them.
            bool fits = await IsOfAsync(user?.Hash ?? file.Slowest, file, name, password, cancellation).ConfigureAwait(false);
            isRight = fits && user?.Hash is not null;
        }

        return user is null ? LoginResult.Failure($"User '{name}' not found")
            : isRight ? LoginResult.Success(user.Name, user.Roles)
            : LoginResult.Failure("Wrong password");
    }

    /// <summary>Compares in a time that says nothing of where they differ, or how long the right one is.</summary>
    private static bool IsSame(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(s_key, Encoding.UTF8.GetBytes(one)), HMACSHA256.HashData(s_key, Encoding.UTF8.GetBytes(other)));

    private async ValueTask<bool> IsOfAsync(PasswordHash? hash, JaasFile file, string name, string password, CancellationToken cancellation)
    {
        if (hash is null || file.Slowest is not { } slowest)
        {
            return false;
        }

        // With other users than then nothing is known.
        if (_verified.TryGet(name, password, out JaasFile? then) && then == file)
        {
            return true;
        }

        bool isRight = await _gate.RunAsync(() => hash.IsOf(password, slowest), cancellation).ConfigureAwait(false);
        if (isRight && file.Find(name)?.Hash == hash)
        {
            _verified.Add(name, password, file);
        }

        return isRight;
    }

    /// <summary>The file as it is; where it has become wrong, as it was.</summary>
    private JaasFile Current()
    {
        // Where the file is read already, nobody waits for it: its disk may be slow.
        if (_time.GetElapsedTime(Volatile.Read(ref _looked)) < s_looksAgain || !_reading.TryEnter())
        {
            return _file;
        }

        try
        {
            if (_time.GetElapsedTime(_looked) >= s_looksAgain)
            {
                Look();
                Volatile.Write(ref _looked, _time.GetTimestamp());
            }

            return _file;
        }
        finally
        {
            _reading.Exit();
        }
    }

    /// <summary>
    /// Reads the file again if it is another one. That is told by its content: files that are put in place of others may have their time and length. One
    /// that can not be read is tried again, since that may pass, and told of once.
    /// </summary>
    private void Look()
    {
        byte[]? digest = null;
        try
        {
            byte[] bytes = JaasFile.ReadBytes(_path);
            digest = SHA256.HashData(bytes);
            if (digest.AsSpan().SequenceEqual(_digest))
            {
                _told = null;
                return;
            }

            if (_wrong is { } wrong && digest.AsSpan().SequenceEqual(wrong))
            {
                return;
            }

            _file = JaasFile.Parse(bytes, _path);
            (_digest, _wrong, _told) = (digest, null, null);
            LogRead(_path);
        }
        catch (Exception exception) when (exception is ConfigurationException or IOException or UnauthorizedAccessException)
        {
            _wrong = exception is ConfigurationException ? digest : null;
            string fault = exception is ConfigurationException { Errors: [{ } first, ..] } ? first.ToString() : exception.Message;
            if (fault != _told)
            {
                LogNotRead(_path, _told = fault);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The users in {File} have changed and hold from now on")]
    private partial void LogRead(string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The users in {File} have changed, and can not be read; the ones before stay: {Fault}")]
    private partial void LogNotRead(string file, string fault);
}
