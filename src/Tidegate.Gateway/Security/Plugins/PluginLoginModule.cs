using System.Collections.Immutable;
using System.Reflection;
using Tidegate.Gateway.Configuration;
using Tidegate.Plugins;

namespace Tidegate.Gateway.Security.Plugins;

/// <summary>The login module <c>class:NAME</c>: a plug-in says who somebody is. Whatever it does, nobody gets in by it whom it has not named.</summary>
internal sealed class PluginLoginModule : ILoginModule, IDisposable
{
    /// <summary>What a type begins with that names a class.</summary>
    internal const string Prefix = "class:";

    /// <summary>The option that names the assembly's file.</summary>
    internal const string AssemblyOption = "assembly";

    /// <summary>Questions at once; one that does not end keeps its place.</summary>
    internal const int AtOnce = 64;

    private const string TimeoutOption = "timeout";

    private static readonly TimeSpan s_usualTimeout = TimeSpan.FromSeconds(5);

    private readonly ILoginPlugin _plugin;
    private readonly string _name;
    private readonly TimeSpan _timeout;
    private readonly LoginQueue _turns;

    internal PluginLoginModule(ILoginPlugin plugin, string name, TimeSpan timeout)
    {
        _plugin = plugin;
        _name = name;
        _timeout = timeout;
        _turns = new LoginQueue(AtOnce, $"{Prefix}{name}");
    }

    /// <summary>Whether a module is one of .NET. Old files name classes of Java, and no assembly.</summary>
    internal static bool IsOne(LoginModuleConfiguration module) => module.Type.StartsWith(Prefix, StringComparison.Ordinal) && HasAssembly(module.Options);

    /// <summary>Whether options say where a class of .NET is.</summary>
    internal static bool HasAssembly(ImmutableArray<PropertyElement> options) => options.Any(option => option.Name == AssemblyOption);

    /// <exception cref="ConfigurationException">An option is wrong, or the plug-in can not be made.</exception>
    internal static PluginLoginModule Make(LoginModuleConfiguration module, RealmConfiguration realm, PluginAssemblies assemblies)
    {
        var reader = new OptionReader(module, realm, [.. module.Options.Select(option => option.Name)]);
        string name = module.Type[Prefix.Length..];
        try
        {
            Type type = assemblies.Find(reader.Text(AssemblyOption)!, name);
            return new PluginLoginModule(Construct(type, module.Options), name, reader.Time(TimeoutOption, TimeSpan.FromMilliseconds(1)) ?? s_usualTimeout);
        }
        catch (FormatException exception)
        {
            throw reader.Fault($"Unable to make the login module {module.Type}: {exception.Message}.", "docs/logins.md says how a login module is written, and where its file goes.");
        }
    }

    public async ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(_timeout);
        Task<LoginAnswer?> asked = _turns.RunAsync(cancelled => AskAsync(RequestOf(attempt), cancelled), bound.Token);
        try
        {
            // Not only by its own doing: it may not heed that its time is over.
            LoginAnswer? answer = await asked.WaitAsync(bound.Token).ConfigureAwait(false);
            return answer is null ? throw new LoginUnavailableException($"{Prefix}{_name} gave no answer")
                : answer.Name is { } name ? LoginResult.Success(name, [.. answer.Roles]) with { Logout = answer.Logout, SessionTimeout = answer.SessionTimeout }
                : LoginResult.Failure(answer.Reason ?? "it does not say why");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested && bound.IsCancellationRequested)
        {
            _ = asked.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw new LoginUnavailableException($"{Prefix}{_name} took longer than {_timeout.TotalSeconds} s");
        }
        catch (Exception exception) when (exception is not LoginUnavailableException && !cancellation.IsCancellationRequested)
        {
            // Its words could be what was shown.
            string? where = exception.StackTrace?.Split('\n')[0].Trim();
            throw new LoginUnavailableException($"{Prefix}{_name} failed with {exception.GetType().FullName}{(where is null ? "" : $" {where}")}");
        }
    }

    public void Dispose() => _turns.Dispose();

    /// <summary>On a thread of its own, which it may keep waiting: those of the pool serve all other requests.</summary>
    private Task<LoginAnswer?> AskAsync(LoginRequest request, CancellationToken cancellation) => Task.Factory.StartNew(
        async () => (LoginAnswer?)await _plugin.LoginAsync(request, cancellation).ConfigureAwait(false),
        CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();

    private static LoginRequest RequestOf(LoginAttempt attempt) => new()
    {
        User = attempt.User,
        Password = attempt.Password,
        Token = attempt.User is null && attempt.Credentials.Token.Length > 0 ? attempt.Credentials.Token : null,
        Named = attempt.Credentials.Named,
        Address = attempt.Address,
        Certificate = attempt.Credentials.Certificate,
    };

    private static ILoginPlugin Construct(Type type, ImmutableArray<PropertyElement> options)
    {
        try
        {
            Type dictionary = typeof(IReadOnlyDictionary<string, string>);
            return (ILoginPlugin)(type.GetConstructor([dictionary]) is { } withOptions
                ? withOptions.Invoke([options.Where(option => option.Name is not (AssemblyOption or TimeoutOption)).ToImmutableDictionary(option => option.Name, option => option.Text)])
                : type.GetConstructor([])?.Invoke([]) ?? throw new FormatException($"it has no public constructor that takes its options ({dictionary.Name}) or nothing"));
        }
        catch (TargetInvocationException exception)
        {
            throw new FormatException($"{exception.InnerException!.GetType().Name}: {exception.InnerException.Message.TrimEnd('.')}");
        }
        catch (Exception exception) when (exception is IOException or BadImageFormatException or TypeLoadException or MissingMemberException)
        {
            throw new FormatException(exception.Message.TrimEnd('.'));
        }
    }
}
