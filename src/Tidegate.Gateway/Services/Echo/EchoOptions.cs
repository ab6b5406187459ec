using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Echo;

/// <summary>The properties of an <c>echo</c> service.</summary>
public sealed record EchoOptions : ServiceOptions
{
    /// <summary><c>repeat</c>: how many times each message is sent back, 1 to 1000.</summary>
    public int Repeat { get; init; } = 1;
}
