using Tidegate.Plugins;

namespace Tidegate.Gateway.Tests.Security.Plugins;

// Plug-ins that behave and that do not. The tests load this assembly once more, as one that users have put in place.

/// <summary>Knows joe, and shows what it was told.</summary>
public sealed class Knows(IReadOnlyDictionary<string, string> options) : ILoginPlugin
{
    public static int Made { get; set; }

    public ValueTask<LoginAnswer> LoginAsync(LoginRequest request, CancellationToken cancellation)
    {
        Made++;
        ArgumentNullException.ThrowIfNull(request);
        return ValueTask.FromResult(request is { User: "joe", Password: "welcome" }
            ? LoginAnswer.Known("joe", string.Join(' ', options.Select(option => $"{option.Key}={option.Value}").Order()), $"from {request.Address}")
            : LoginAnswer.Unknown("not joe"));
    }
}

/// <summary>Fails, with words that nobody is to see.</summary>
public sealed class Fails : ILoginPlugin
{
    public ValueTask<LoginAnswer> LoginAsync(LoginRequest request, CancellationToken cancellation) => throw new InvalidOperationException($"could not check {request?.Password}");
}

/// <summary>Says nothing.</summary>
public sealed class SaysNothing : ILoginPlugin
{
    public ValueTask<LoginAnswer> LoginAsync(LoginRequest request, CancellationToken cancellation) => default;
}

/// <summary>Keeps its thread, and heeds nothing.</summary>
public sealed class Hangs : ILoginPlugin
{
    public ValueTask<LoginAnswer> LoginAsync(LoginRequest request, CancellationToken cancellation)
    {
        new ManualResetEventSlim().Wait(CancellationToken.None);
        return default;
    }
}

/// <summary>Cancels what nobody has cancelled.</summary>
public sealed class GivesUp : ILoginPlugin
{
    public ValueTask<LoginAnswer> LoginAsync(LoginRequest request, CancellationToken cancellation) => throw new OperationCanceledException();
}

/// <summary>Wants something else.</summary>
public sealed class WantsMore : ILoginPlugin
{
    public WantsMore() => throw new ArgumentException("write <more> into <options>");

    public ValueTask<LoginAnswer> LoginAsync(LoginRequest request, CancellationToken cancellation) => default;
}

/// <summary>Can not be made.</summary>
public sealed class NeedsANumber(int number) : ILoginPlugin
{
    public ValueTask<LoginAnswer> LoginAsync(LoginRequest request, CancellationToken cancellation) => ValueTask.FromResult(LoginAnswer.Known($"{number}"));
}

/// <summary>Is half a plug-in.</summary>
public abstract class Half : ILoginPlugin
{
    public abstract ValueTask<LoginAnswer> LoginAsync(LoginRequest request, CancellationToken cancellation);
}
