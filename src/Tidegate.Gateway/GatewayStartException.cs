namespace Tidegate.Gateway;

/// <summary>A gateway cannot start. The message names the place and the cure, a line for each if there are several.</summary>
public sealed class GatewayStartException : Exception
{
    /// <summary>Creates the exception.</summary>
    public GatewayStartException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with what caused it.</summary>
    public GatewayStartException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
