namespace Tidegate.Plugins;

/// <summary>
/// A login module of one's own: <c>class:NAME</c> in a configuration. A public class with this interface is made once, when the gateway starts, by a
/// public constructor that takes the options (<c>IReadOnlyDictionary&lt;string, string&gt;</c>, names and values as written), or by one
/// that takes nothing. An exception of the constructor keeps the gateway from starting, and its message is shown; <c>validate</c>
/// makes one as well.
/// </summary>
/// <remarks>
/// It must be safe to be asked by many at once. It may block its thread: each question has one of its own, 64 at once. It may keep what it likes in the options'
/// <c>timeout</c> (5 seconds if not said); whoever has not been let in by then is not.
/// </remarks>
public interface ILoginPlugin
{
    /// <summary>Says who somebody is.</summary>
    /// <param name="request">What the client shows. Never to be logged.</param>
    /// <param name="cancellation">The client has gone, or waits no longer.</param>
    /// <returns>Who it is, or that it is nobody whom this module knows.</returns>
    /// <remarks>An exception means that it can not be told: the client is not let in, and gets 503. Its message is not logged, since it could hold what was shown.</remarks>
    ValueTask<LoginAnswer> LoginAsync(LoginRequest request, CancellationToken cancellation);
}
